// A device with nothing but the sending core, a disk and a way to the agent: what a shell does, in virtual time and with
// the faults that a shell can not have on order.

import { type ChannelFrame, encodeEntry } from '@holdfast/protocol/core';
import {
  type BatchRecord,
  batchKey,
  batchKeyEnd,
  decodeBatch,
  decodeMeta,
  encodeMeta,
  metaKey,
  newEpoch,
  type OutboxMeta,
  type Run,
  Sender,
  type SenderInput,
  type SenderOptions,
  type SenderOutput,
} from '../../src/core/index.js';
import type { ChannelChecker } from './channel-checker.js';
import { Disk, type VirtualWorld } from './virtual-world.js';

/** Small numbers, so that every bound is met again and again. */
export const SMALL: SenderOptions = {
  keyPrefix: 'outbox',
  outboxMaxMessages: 100_000,
  outboxMaxBytes: 10_000_000,
  windowMaxMessages: 24,
  windowMaxBytes: 500,
  batchMaxBytes: 120,
  batchMaxMessages: 5,
  loadedMaxBytes: 400,
  dataFrameMaxBytes: 150,
  deleteDelayMs: 20,
  ackTimeout: { initialMs: 200, minMs: 50, maxMs: 2_000 },
  retryBackoff: { minMs: 10, maxMs: 400 },
};

/** The bytes of a simulated message: its number, and up to 40 bytes more. */
export function entryOf(message: number, extraBytes: number): Uint8Array {
  const data = new Uint8Array(4 + extraBytes);
  new DataView(data.buffer).setUint32(0, message);
  return encodeEntry('m', data);
}

/** Which faults the store has now. */
export interface StoreFaults {
  /** One commit in so many fails; 0: none. */
  failOneIn: number;
  delayMaxMs: number;
}

/** The device. */
export class SimulatedDevice {
  readonly disk = new Disk();
  readonly faults: StoreFaults = { failOneIn: 0, delayMaxMs: 5 };
  readonly #world: VirtualWorld;
  readonly #checker: ChannelChecker;
  readonly #send: (frame: ChannelFrame) => void;
  #sender: Sender;
  /** Counts the lives; what an earlier life has planned does not happen any more. */
  #life = 0;
  #timerAtMs = Number.POSITIVE_INFINITY;
  #nextMessage = 1;
  /** The message behind each number of this life, and those of them that no commit has taken yet. */
  readonly #messages = new Map<number, number>();
  #uncommitted: number[] = [];
  outputCount = 0;

  constructor(world: VirtualWorld, checker: ChannelChecker, send: (frame: ChannelFrame) => void) {
    this.#world = world;
    this.#checker = checker;
    this.#send = send;
    const meta = { epoch: newEpoch(world.random), floor: 1, next: 1, bytes: 0 };
    this.disk.apply([{ type: 'put', key: metaKey(SMALL.keyPrefix), value: encodeMeta(meta) }]);
    this.#sender = new Sender(SMALL, meta, world.random);
  }

  get isEmpty(): boolean {
    const isClean = this.disk.records.size === 1 && this.#meta().bytes === 0;
    return this.#sender.backlog.messages === 0 && this.#sender.backlog.bytes === 0 && isClean;
  }

  /** Sends some messages in one turn. */
  sendSome(count: number): void {
    for (let index = 0; index < count; index++) {
      const message = this.#nextMessage++;
      const sequence = this.#sender.nextSequence;
      this.#messages.set(sequence, message);
      this.#uncommitted.push(sequence);
      this.feed({ type: 'send', entry: entryOf(message, this.#world.between(0, 40)) });
    }
    this.feed({ type: 'turnEnded' });
  }

  /** The power fails and comes back. */
  crash(): void {
    this.#life += 1;
    this.#timerAtMs = Number.POSITIVE_INFINITY;
    this.#uncommitted = [];
    this.#checker.onDeviceCrash();
    this.#sender = new Sender(SMALL, this.#meta(), this.#world.random);
    this.#arm();
  }

  feed(input: SenderInput | { readonly type: 'timeout' }): void {
    const { nowMs } = this.#world;
    this.#sender.handle(input, nowMs);
    for (let output = this.#sender.poll(); output !== undefined; output = this.#sender.poll()) {
      this.outputCount += 1;
      this.#apply(output);
    }
    const dueMs = this.#sender.nextTimeoutMs();
    if (input.type === 'timeout' && dueMs !== undefined && dueMs <= nowMs) {
      throw new Error(`the sender wants a timeout at ${dueMs} ms right after one at ${nowMs} ms: a hot loop`);
    }
    this.#arm();
  }

  #arm(): void {
    const dueMs = this.#sender.nextTimeoutMs() ?? Number.POSITIVE_INFINITY;
    if (dueMs >= this.#timerAtMs) return;
    this.#timerAtMs = dueMs;
    this.#later(Math.max(0, dueMs - this.#world.nowMs), () => {
      if (this.#timerAtMs !== dueMs) return;
      this.#timerAtMs = Number.POSITIVE_INFINITY;
      this.feed({ type: 'timeout' });
    });
  }

  #later(delayMs: number, run: () => void): void {
    const life = this.#life;
    this.#world.after(delayMs, () => {
      if (life === this.#life) run();
    });
  }

  #delayMs(): number {
    return this.#world.between(0, this.faults.delayMaxMs);
  }

  #apply(output: SenderOutput): void {
    switch (output.type) {
      case 'commit':
        this.#commit(output);
        return;
      case 'load':
        this.#load(output);
        return;
      case 'frame':
        this.#send(output.frame);
        return;
      case 'acknowledged':
        for (const sequence of numbersOf(output.run)) this.#checker.onAcknowledged(this.#messageOf(sequence));
        return;
    }
  }

  /** The messages of a run that this life knows; those of earlier lives are known to the checker by their names. */
  #messageOf(sequence: number): number {
    const message = this.#messages.get(sequence);
    if (message === undefined) throw new Error(`number ${sequence} was never given out`);
    return message;
  }

  #commit({ operations }: Extract<SenderOutput, { type: 'commit' }>): void {
    const { epoch } = this.#sender;
    const sequences = this.#uncommitted.splice(0);
    const messages = sequences.map((sequence) => this.#messageOf(sequence));
    const fails = this.faults.failOneIn > 0 && this.#world.oneIn(this.faults.failOneIn);
    const reaches = !fails || this.#world.oneIn(3);
    this.#later(this.#delayMs(), () => {
      if (reaches) {
        this.disk.apply(operations);
        const named = sequences.map((sequence, index) => ({
          message: messages[index] as number,
          name: `${epoch}-${sequence}`,
        }));
        this.#checker.onDeviceDisk(named);
      }
      if (fails) this.#checker.onCommitFailed(messages, reaches);
      this.#later(this.#delayMs(), () =>
        this.feed(fails ? { type: 'commitFailed', detail: 'the disk is full' } : { type: 'committed' }),
      );
    });
  }

  #load({ from, upTo, maxBytes }: Extract<SenderOutput, { type: 'load' }>): void {
    const fails = this.faults.failOneIn > 0 && this.#world.oneIn(this.faults.failOneIn);
    this.#later(this.#delayMs(), () => {
      const values = this.disk.read(batchKey(SMALL.keyPrefix, from), batchKeyEnd(SMALL.keyPrefix), maxBytes);
      const batches = values.map((value) => decodeBatch(value) as BatchRecord);
      this.#later(this.#delayMs(), () => this.feed(fails ? { type: 'loadFailed' } : { type: 'loaded', batches, upTo }));
    });
  }

  #meta(): OutboxMeta {
    return decodeMeta(this.disk.records.get(metaKey(SMALL.keyPrefix)) as Uint8Array) as OutboxMeta;
  }
}

function* numbersOf(run: Run): Iterable<number> {
  for (let sequence = run.first; sequence <= run.last; sequence++) yield sequence;
}
