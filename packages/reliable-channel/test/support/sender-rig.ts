// A sending core on a test bench: inputs go in at times that the test names, and what comes out is kept to be looked at.

import { type ChannelFrame, type DataFrame, encodeEntry, NACK_CODE, type RangeList } from '@holdfast/protocol/core';
import {
  NO_DEAD_LETTERS,
  NO_TRAITS,
  type OpenedOutbox,
  type OutgoingMessage,
  Sender,
  type SenderInput,
  type SenderOptions,
  type SenderOutput,
} from '../../src/core/index.js';

export const EPOCH = '00000000000000aa';

/** An outbox with one lane, the one without a name; `floor` and `next` above 1 are of an earlier process. */
export function openedWith({ floor = 1, next = 1, bytes = 0 } = {}): OpenedOutbox {
  const meta = { epoch: EPOCH, ordinal: next, bytes, ageMs: 0, wallMs: 0 };
  return {
    meta,
    lanes: [{ lane: '', floor, next, reserved: 0, failedSequence: 0, failures: 0 }],
    deadLetters: NO_DEAD_LETTERS,
  };
}

/** Round numbers; every message has ten bytes. */
export const OPTIONS: SenderOptions = {
  keyPrefix: 'outbox',
  outboxMaxMessages: 1_000,
  outboxMaxBytes: 100_000,
  outboxMaxAgeMs: Number.POSITIVE_INFINITY,
  whenFull: 'reject',
  waitMaxMessages: 0,
  waitMaxBytes: 0,
  deadLettersMaxMessages: 10,
  deadLettersMaxBytes: 10_000,
  maxAttempts: Number.POSITIVE_INFINITY,
  lanePriorities: new Map(),
  windowMaxMessages: 100,
  windowMaxBytes: 10_000,
  batchMaxBytes: 10_000,
  batchMaxMessages: 5,
  loadedMaxBytes: 10_000,
  dataFrameMaxBytes: 50,
  deleteDelayMs: 100,
  ackTimeout: { initialMs: 3_000, minMs: 1_000, maxMs: 60_000 },
  retryBackoff: { minMs: 200, maxMs: 30_000 },
};

export const ENTRY = encodeEntry('m', new Uint8Array(6));

/** One message of the lane without a name, to be stored before it is sent. */
export const MESSAGE: OutgoingMessage = { lane: '', entry: ENTRY, importance: 'critical', traits: NO_TRAITS };

/** The sending half of a channel without anything around it. */
export class SenderRig {
  readonly sender: Sender;
  nowMs = 0;
  /** What came out since the last `take`. */
  #outputs: SenderOutput[] = [];
  #randomWord = 0xffffffff;

  constructor(options: Partial<SenderOptions> = {}, opened: OpenedOutbox = openedWith()) {
    // The longest of all possible waits, and epochs that differ.
    this.sender = new Sender({ ...OPTIONS, ...options }, opened, {
      random: () => this.#randomWord--,
      wallClockMs: () => this.nowMs,
    });
  }

  feed(input: SenderInput | { readonly type: 'timeout' }, atMs = this.nowMs): void {
    this.nowMs = atMs;
    this.sender.handle(input, atMs);
    for (let output = this.sender.poll(); output !== undefined; output = this.sender.poll()) this.#outputs.push(output);
  }

  /** Lets time pass up to the next deadline, or to `atMs`; a deadline that stands still is a hot loop. */
  passTo(atMs: number): void {
    for (
      let dueMs = this.sender.nextTimeoutMs();
      dueMs !== undefined && dueMs <= atMs;
      dueMs = this.sender.nextTimeoutMs()
    ) {
      this.feed({ type: 'timeout' }, Math.max(dueMs, this.nowMs));
      const next = this.sender.nextTimeoutMs();
      if (next !== undefined && next <= this.nowMs)
        throw new Error(`a timeout at ${this.nowMs} ms wants another one at once`);
    }
    this.nowMs = atMs;
  }

  take(): SenderOutput[] {
    const outputs = this.#outputs;
    this.#outputs = [];
    return outputs;
  }

  /** The frames among what came out, and drops the rest. */
  takeFrames(): ChannelFrame[] {
    return this.take().flatMap((output) => (output.type === 'frame' ? [output.frame] : []));
  }

  /** The data frames as texts: `3-5` for the messages 3 to 5. */
  takeRuns(): string[] {
    return this.takeFrames()
      .filter((frame): frame is DataFrame => frame.type === 'data')
      .map(({ first, count }) => `${first}-${first + count - 1}`);
  }

  send(count: number, lane = ''): void {
    for (let index = 0; index < count; index++) this.feed({ type: 'send', message: { ...MESSAGE, lane } });
    this.feed({ type: 'turnEnded' });
  }

  /** Why one more message of the lane without a name is not taken. */
  refusal(): string | undefined {
    return this.sender.refusalOf(MESSAGE, this.nowMs);
  }

  sendStored(count: number, lane = ''): void {
    this.send(count, lane);
    this.feed({ type: 'committed' });
  }

  /** Connects, and answers the opening with what is handled. */
  connect(handled: RangeList = { cumulative: 0, ranges: [] }, credit = 100): void {
    this.feed({ type: 'linkUp' });
    this.feed({ type: 'room', bytes: 100_000 });
    this.opened(handled, credit);
  }

  /** Answers an opening with what is handled of the lane without a name. */
  opened(handled: RangeList = { cumulative: 0, ranges: [] }, credit = 100): void {
    this.frame({ type: 'opened', epoch: this.sender.epoch, lanes: [{ lane: '', handled }], credit });
  }

  ack(cumulative: number, ranges: RangeList['ranges'] = [], credit = 100): void {
    this.frame({ type: 'ack', epoch: this.sender.epoch, lane: '', handled: { cumulative, ranges }, credit });
  }

  nack(from: number, code: number = NACK_CODE.overloaded, retryAfterMs = 0): void {
    this.frame({ type: 'nack', epoch: this.sender.epoch, code, lane: '', from, retryAfterMs, reason: 'no' });
  }

  frame(frame: ChannelFrame): void {
    this.feed({ type: 'frame', frame });
  }
}
