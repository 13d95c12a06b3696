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

type Operations = Parameters<Store['commit']>[0];

/** A disk. */
export class Disk {
  readonly #options: DiskOptions;
  readonly #records: Promise<Store> = memoryStore().open();
  #commits = 0;
  #failsUntilMs = 0;

  constructor(options: DiskOptions) {
    this.#options = options;
  }

  /** Refuses every commit that would be done within so long, in milliseconds. */
  fail(ms: number): void {
    this.#failsUntilMs = Math.max(this.#failsUntilMs, this.#options.runtime.nowMs() + ms);
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
    return new Promise((resolve, reject) => {
      let isPending = true;
      life.onEnd(() => {
        if (!isPending) return;
        const applied = runtime.nowMs() >= this.#failsUntilMs && random() % 2 === 0;
        // A memory store applies a commit before its promise is out of hand.
        if (applied) void records.commit(operations);
        record(owner, { what: 'commitTorn', commit, applied });
      });
      const finish = (): void => {
        isPending = false;
        if (runtime.nowMs() < this.#failsUntilMs) {
          record(owner, { what: 'commitFailed', commit });
          reject(new Error('the disk does not write'));
          return;
        }
        void records.commit(operations);
        record(owner, { what: 'committed', commit });
        resolve();
      };
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
  const subjects = operations.flatMap((operation) => {
    if (operation.type !== 'put') return [];
    const device = /^inbox\/(.*)$/.exec(operation.key)?.[1];
    return device === undefined ? numbersIn(operation.value).map(String) : [device];
  });
  return [...new Set(subjects)].join();
}
