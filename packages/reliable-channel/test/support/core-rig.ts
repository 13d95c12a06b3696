// A receiver between a sender, a handler and an inbox that the test plays. Nothing runs by itself: what the handler does and
// when the inbox has written is said by the test.

import {
  type ChannelFrame,
  encodeEntry,
  type Headers,
  type LaneFloor,
  type LaneHandled,
  NACK_CODE,
  ProtocolError,
  type RangeList,
  type ResultsFrame,
} from '@holdfast/protocol/core';
import {
  decodeInbox,
  decodeResults,
  type HandlerAnswer,
  type InboxContents,
  inboxKey,
  type Pause,
  type ReceivedMessage,
  Receiver,
  type ReceiverInput,
  type ReceiverOutput,
  resultsNumberOf,
  type StoredResults,
  type StoreOperation,
} from '../../src/core/index.js';

export const EPOCH = '00000000000000aa';
export const OTHER_EPOCH = '00000000000000bb';
export const SENDER = 'press-7';
export const PAUSE: Pause = { code: NACK_CODE.restarting, retryAfterMs: 700, reason: 'later' };
export const FAILURE: Pause = { code: NACK_CODE.handlerFailed, retryAfterMs: 0, reason: 'no' };

/** An answer that is a reply of one byte. */
export function reply(value: number): HandlerAnswer {
  return { kind: 'reply', value: Uint8Array.of(value) };
}

/** The fields of a data frame that matter to a test. */
export interface DataFields {
  readonly first: number;
  readonly count?: number;
  readonly after?: number;
  readonly lane?: string;
  readonly floor?: number;
  readonly epoch?: string;
  readonly attempt?: number;
  readonly headers?: Headers;
  /** Of every message; its name has two bytes more. */
  readonly dataBytes?: number;
}

/** A message that the handler is done with. */
export interface DoneFields {
  readonly lane?: string;
  readonly epoch?: string;
  readonly answer?: HandlerAnswer;
}

/** An inbox on a disk of the test's. */
export class TestDisk {
  readonly values = new Map<string, Uint8Array>();

  apply(operations: readonly StoreOperation[]): void {
    for (const operation of operations) {
      if (operation.type === 'put') this.values.set(operation.key, operation.value);
      else this.values.delete(operation.key);
    }
  }

  get keys(): string[] {
    return [...this.values.keys()].sort();
  }

  /** What a receiver that is made again gets. */
  contents(): InboxContents {
    const bytes = this.values.get(inboxKey(SENDER));
    const results = this.keys.flatMap((key): StoredResults[] => {
      if (!key.startsWith(`${inboxKey(SENDER)}/results/`)) return [];
      return [{ ...valid(decodeResults(this.values.get(key) as Uint8Array)), number: resultsNumberOf(key) }];
    });
    return { record: bytes === undefined ? undefined : valid(decodeInbox(bytes)), results };
  }
}

/** A receiver, and what it has said. */
export class ReceiverRig {
  receiver: Receiver;
  readonly disk = new TestDisk();
  /** Whether a commit begins as soon as it is asked for. */
  beginsAtOnce = true;
  readonly #credit: number;
  #said: (ReceiverOutput | { readonly type: 'operations'; readonly operations: readonly StoreOperation[] })[] = [];
  #operations: readonly StoreOperation[] = [];

  constructor({ credit = 100, lanes }: { readonly credit?: number; readonly lanes?: readonly LaneHandled[] } = {}) {
    this.#credit = credit;
    const record = lanes === undefined ? undefined : { epoch: EPOCH, lanes };
    this.receiver = new Receiver({ senderId: SENDER, creditMessages: credit }, { record, results: [] });
  }

  /** The power fails and comes back: what is not on the disk is forgotten. */
  crash(): void {
    this.#operations = [];
    this.#said = [];
    this.receiver = new Receiver({ senderId: SENDER, creditMessages: this.#credit }, this.disk.contents());
  }

  feed(...inputs: readonly ReceiverInput[]): void {
    for (const input of inputs) {
      this.receiver.handle(input, 0);
      for (let output = this.receiver.poll(); output !== undefined; output = this.receiver.poll()) {
        this.#said.push(output);
        if (output.type === 'record' && this.beginsAtOnce) this.begin();
      }
    }
  }

  /** The commit begins that was asked for. */
  begin(): void {
    this.#operations = this.receiver.beginRecord();
    this.#said.push({ type: 'operations', operations: this.#operations });
  }

  /** A transaction begins that makes this message handled. */
  beginTransaction(sequence: number, { lane = '', epoch = EPOCH, answer }: DoneFields = {}): void {
    this.#operations = this.receiver.beginTransaction({ epoch, lane, sequence, answer });
    this.#said.push({ type: 'operations', operations: this.#operations });
  }

  /** The commit under way has succeeded. */
  recorded(): void {
    this.disk.apply(this.#operations);
    this.feed({ type: 'recorded' });
  }

  frame(frame: ChannelFrame): void {
    this.feed({ type: 'frame', frame });
  }

  open(lanes: readonly LaneFloor[] = [], epoch = EPOCH): void {
    this.frame({ type: 'open', epoch, lanes });
  }

  /** A new connection on which the sender opens the channel. */
  connect(epoch = EPOCH, lanes: readonly LaneFloor[] = []): void {
    this.feed({ type: 'linkUp' });
    this.open(lanes, epoch);
  }

  data({ first, count = 1, after = 0, dataBytes = 1, headers, ...rest }: DataFields): void {
    const entry = encodeEntry('mm', new Uint8Array(dataBytes), headers);
    const entries = new Uint8Array(entry.length * count);
    for (let index = 0; index < count; index++) entries.set(entry, index * entry.length);
    const usual = { epoch: EPOCH, floor: 1, lane: '', attempt: 1 };
    this.frame({ ...usual, ...rest, type: 'data', first, count, after, entries });
  }

  /** The handler has done its work on these of the lane without a name, all in one turn. */
  handled(...sequences: readonly number[]): void {
    for (const sequence of sequences) this.done(sequence);
    this.feed({ type: 'turnEnded' });
  }

  /** The handler has done its work on one message; the turn goes on. */
  done(sequence: number, { lane = '', epoch = EPOCH, answer }: DoneFields = {}): void {
    this.feed({ type: 'handled', epoch, lane, sequence, answer });
  }

  /** The handler has done its work on one message, and the turn is over. */
  doneIn(lane: string, sequence: number, answer?: HandlerAnswer): void {
    this.done(sequence, answer === undefined ? { lane } : { lane, answer });
    this.feed({ type: 'turnEnded' });
  }

  /** The handler has done its work, and the inbox its own. */
  handledAndRecorded(...sequences: readonly number[]): void {
    this.handled(...sequences);
    this.recorded();
  }

  failed(sequence: number, { lane = '', epoch = EPOCH, pause = FAILURE } = {}): void {
    this.feed({ type: 'failed', epoch, lane, sequence, pause });
  }

  /**
   * Everything that was said since the last time, in a short notation: `deliver 3`, `record 1,4-7`, `ack 4`, `opened 4`,
   * `nack 3 overloaded`, `results 3=reply 1`; with lanes `deliver a:3`, `record a:1 b:2,4-7`, `opened a:4`; what a commit does
   * beside the record of the lanes as `+ results 3=reply`, `- 1`.
   */
  said(): string[] {
    return this.#said.splice(0).flatMap(shortOf);
  }

  delivered(): ReceivedMessage[] {
    return this.#said.splice(0).flatMap((output) => (output.type === 'deliver' ? [output.message] : []));
  }

  frames(): ChannelFrame[] {
    return this.#said.splice(0).flatMap((output) => (output.type === 'frame' ? [output.frame] : []));
  }
}

function shortOf(
  output: ReceiverOutput | { readonly type: 'operations'; readonly operations: readonly StoreOperation[] },
): string[] {
  if (output.type === 'deliver') return [`deliver ${inLane(output.message.lane, `${output.message.sequence}`)}`];
  if (output.type === 'record') return [];
  if (output.type === 'frame') return [shortOfFrame(output.frame)];
  return [`record ${output.operations.map(shortOfOperation).join(' ')}`.trim()];
}

function shortOfFrame(frame: ChannelFrame): string {
  switch (frame.type) {
    case 'ack':
      return `ack ${shortOfLane(frame)}`;
    case 'opened':
      return `opened ${frame.lanes.map(shortOfLane).join(' ')}`.trim();
    case 'results':
      return shortOfResults(frame);
    case 'nack':
      return `nack ${inLane(frame.lane, `${frame.from}`)} ${Object.entries(NACK_CODE).find(([, code]) => code === frame.code)?.[0]}`;
    default:
      return frame.type;
  }
}

function shortOfOperation(operation: StoreOperation): string {
  if (operation.type === 'delete') return `- ${resultsNumberOf(operation.key)}`;
  if (operation.key === inboxKey(SENDER)) return valid(decodeInbox(operation.value)).lanes.map(shortOfLane).join(' ');
  return `+ ${valid(decodeResults(operation.value)).lanes.map(shortOfResults).join(' ')}`;
}

function shortOfResults({ lane, results }: Pick<ResultsFrame, 'lane' | 'results'>): string {
  const list = results.map((result) => {
    return `${result.sequence}=${result.kind === 'reply' ? `reply ${result.value[0]}` : `rejected ${result.reason}`}`;
  });
  return `results ${inLane(lane, list.join(','))}`;
}

function shortOfLane({ lane, handled }: LaneHandled): string {
  return inLane(lane, setOf(handled));
}

function inLane(lane: string, text: string): string {
  return lane === '' ? text : `${lane}:${text}`;
}

function setOf({ cumulative, ranges }: RangeList): string {
  return [`${cumulative}`, ...ranges.map(({ first, last }) => `${first}-${last}`)].join(',');
}

function valid<Value>(decoded: Value | ProtocolError): Value {
  if (decoded instanceof ProtocolError) throw decoded;
  return decoded;
}
