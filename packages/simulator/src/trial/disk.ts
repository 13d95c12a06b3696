// A disk that outlives the programs that use it. A commit takes its time; one that is under way in a crash has reached the
// disk or has not, all of it. For some time the disk can refuse to write.

import type { RandomUint32, Runtime } from '@holdfast/protocol';
import type { Store, StoreFactory } from '@holdfast/reliable-channel';
import { memoryStore } from '@holdfast/reliable-channel/memory';
import { randomInteger } from '../seeded-random.js';
import type { Life } from './life.js';
import { numbersIn } from './message-body.js';
import type { RecordEvent } from './trace-recorder.js';

/** What a disk is made of. */
export interface DiskOptions {
  /** Whose disk this is; the `who` of its events. */
  readonly owner: string;
  readonly runtime: Runtime;
  /** Draws how long commits take, and which of those in a crash were done. */
  readonly random: RandomUint32;
  /** A commit takes up to so long, in milliseconds. */
  readonly commitMaxMs: number;
  readonly record: RecordEvent;
}

/**
 * Where in a commit the power goes: when it has been asked for; before it is done, and after; or when its program knows that it
 * is done.
 */
export type PowerCutMoment = 'asked' | 'lost' | 'kept' | 'told';

/** The power goes in one commit. */
export interface PowerCut {
  /** Counted from 1 on. */
  readonly commit: number;
  readonly moment: PowerCutMoment;
}

type Operations = Parameters<Store['commit']>[0];

/** A disk. */
export class Disk {
  readonly #options: DiskOptions;
  readonly #records: Promise<Store> = memoryStore().open();
  #commits = 0;
  #failsUntilMs = 0;
  #cut: { readonly at: PowerCut; readonly crash: () => void } | undefined;

  constructor(options: DiskOptions) {
    this.#options = options;
  }

  /** Refuses every commit that would be done within so long, in milliseconds. */
  fail(ms: number): void {
    this.#failsUntilMs = Math.max(this.#failsUntilMs, this.#options.runtime.nowMs() + ms);
  }

  /** Commits that were asked for. */
  get commits(): number {
    return this.#commits;
  }

  /** Calls `crash` at this moment, which ends the life that the commit belongs to. */
  cutPower(at: PowerCut, crash: () => void): void {
    this.#cut = { at, crash };
  }

  /** The disk as a program has it in one of its lives. A life that is over gets no answers. */
  storeFor(life: Life): StoreFactory {
    return {
      name: `disk of ${this.#options.owner}`,
      open: async () => {
        const records = await this.#records;
        return {
          isDurable: true,
          get: (key) => whileAlive(life, records.get(key)),
          read: (range) => whileAlive(life, records.read(range)),
          commit: (operations) => this.#commit(life, records, operations),
          close: async () => {},
        };
      },
    };
  }

  #commit(life: Life, records: Store, operations: Operations): Promise<void> {
    if (life.isOver) return NEVER;
    const { owner, runtime, random, record, commitMaxMs } = this.#options;
    this.#commits += 1;
    const commit = this.#commits;
    record(owner, { what: 'commitBegan', commit, about: subjectsOf(operations) });
    const cut = this.#cut?.at.commit === commit ? this.#cut : undefined;
    return new Promise((resolve, reject) => {
      let isPending = true;
      life.onEnd(() => {
        if (!isPending) return;
        const isDone = cut === undefined ? random() % 2 === 0 : cut.at.moment === 'kept';
        const applied = isDone && runtime.nowMs() >= this.#failsUntilMs;
        // A memory store applies a commit before its promise is out of hand.
        if (applied) void records.commit(operations);
        record(owner, { what: 'commitTorn', commit, applied });
      });
      const finish = (): void => {
        if (cut?.at.moment === 'lost' || cut?.at.moment === 'kept') {
          cut.crash();
          return;
        }
        isPending = false;
        if (runtime.nowMs() < this.#failsUntilMs) {
          record(owner, { what: 'commitFailed', commit });
          reject(new Error('the disk does not write'));
          return;
        }
        void records.commit(operations);
        record(owner, { what: 'committed', commit });
        resolve();
        // What the program does at once is done.
        if (cut?.at.moment === 'told') runtime.setTimer(0, cut.crash);
      };
      // It comes before the end of the commit, however short that is.
      if (cut?.at.moment === 'asked') runtime.setTimer(0, cut.crash);
      life.runtime.setTimer(randomInteger(random, { min: 0, max: commitMaxMs }), finish);
    });
  }
}

const NEVER = new Promise<never>(() => {});

/** What a read gives to a life; nothing, ever, when that is over by then. */
async function whileAlive<Value>(life: Life, value: Promise<Value>): Promise<Value> {
  const result = await value;
  return life.isOver ? NEVER : result;
}

/** What is put on record: of an inbox whose record it is, of an outbox the messages that are found in it. */
function subjectsOf(operations: Operations): string {
  const subjects = operations.flatMap(({ type, key, ...operation }) => {
    if (type !== 'put') return [];
    const inbox = /^inbox\/[^/]*$/.exec(key)?.[0];
    if (inbox !== undefined) return [inbox];
    // A dead letter is no message that waits.
    return 'value' in operation && key.includes('/batch/') ? numbersIn(operation.value).map(String) : [];
  });
  return [...new Set(subjects)].join();
}
