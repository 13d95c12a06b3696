// A receiver between a sender, a handler and an inbox that the test plays. Nothing runs by itself: what the handler does and
// when the inbox has written is said by the test.

import { type ChannelFrame, encodeEntry, NACK_CODE, type RangeList } from '@holdfast/protocol/core';
import {
  type InboxRecord,
  type Pause,
  type ReceivedMessage,
  Receiver,
  type ReceiverInput,
  type ReceiverOutput,
} from '../../src/core/index.js';

export const EPOCH = '00000000000000aa';
export const OTHER_EPOCH = '00000000000000bb';
export const PAUSE: Pause = { code: NACK_CODE.restarting, retryAfterMs: 700, reason: 'later' };
export const FAILURE: Pause = { code: NACK_CODE.handlerFailed, retryAfterMs: 0, reason: 'no' };

/** The fields of a data frame that matter to a test. */
export interface DataFields {
  readonly first: number;
  readonly count?: number;
  readonly after?: number;
  readonly lane?: string;
  readonly floor?: number;
  readonly epoch?: string;
  readonly attempt?: number;
  /** Of every message; its name has two bytes more. */
  readonly dataBytes?: number;
}

/** A receiver, and what it has said. */
export class ReceiverRig {
  readonly receiver: Receiver;

  constructor({ credit = 100, record }: { readonly credit?: number; readonly record?: InboxRecord } = {}) {
    this.receiver = new Receiver({ creditMessages: credit }, record);
  }

  feed(...inputs: readonly ReceiverInput[]): void {
    for (const input of inputs) this.receiver.handle(input, 0);
  }

  frame(frame: ChannelFrame): void {
    this.feed({ type: 'frame', frame });
  }

  /** A new connection on which the sender opens the channel. */
  connect(epoch = EPOCH, floor = 1): void {
    this.feed({ type: 'linkUp' });
    this.frame({ type: 'open', epoch, floor });
  }

  data({ first, count = 1, after = 0, dataBytes = 1, ...rest }: DataFields): void {
    const entry = encodeEntry('mm', new Uint8Array(dataBytes));
    const entries = new Uint8Array(entry.length * count);
    for (let index = 0; index < count; index++) entries.set(entry, index * entry.length);
    const usual = { epoch: EPOCH, floor: 1, lane: '', attempt: 1 };
    this.frame({ ...usual, ...rest, type: 'data', first, count, after, entries });
  }

  /** The handler has done its work on these, all in one turn. */
  handled(...sequences: readonly number[]): void {
    for (const sequence of sequences) this.feed({ type: 'handled', epoch: EPOCH, sequence });
    this.feed({ type: 'turnEnded' });
  }

  /** The handler has done its work, and the inbox its own. */
  handledAndRecorded(...sequences: readonly number[]): void {
    this.handled(...sequences);
    this.feed({ type: 'recorded' });
  }

  failed(sequence: number, pause = FAILURE): void {
    this.feed({ type: 'failed', epoch: EPOCH, sequence, pause });
  }

  /** Everything that was said since the last time. */
  take(): ReceiverOutput[] {
    const outputs: ReceiverOutput[] = [];
    for (let output = this.receiver.poll(); output !== undefined; output = this.receiver.poll()) outputs.push(output);
    return outputs;
  }

  /** The same, in a short notation: `deliver 3`, `record 1-4,7`, `ack 4`, `opened 4`, `nack 3 overloaded`. */
  said(): string[] {
    return this.take().map(shortOf);
  }

  delivered(): ReceivedMessage[] {
    return this.take().flatMap((output) => (output.type === 'deliver' ? [output.message] : []));
  }

  frames(): ChannelFrame[] {
    return this.take().flatMap((output) => (output.type === 'frame' ? [output.frame] : []));
  }

  records(): InboxRecord[] {
    return this.take().flatMap((output) => (output.type === 'record' ? [output.record] : []));
  }
}

function shortOf(output: ReceiverOutput): string {
  if (output.type === 'deliver') return `deliver ${output.message.sequence}`;
  if (output.type === 'record') return `record ${setOf(output.record.handled)}`;
  const { frame } = output;
  if (frame.type === 'ack' || frame.type === 'opened') return `${frame.type} ${setOf(frame.handled)}`;
  if (frame.type !== 'nack') return frame.type;
  const code = Object.entries(NACK_CODE).find(([, value]) => value === frame.code)?.[0];
  return `nack ${frame.from} ${code}`;
}

function setOf({ cumulative, ranges }: RangeList): string {
  return [`${cumulative}`, ...ranges.map(({ first, last }) => `${first}-${last}`)].join(',');
}
