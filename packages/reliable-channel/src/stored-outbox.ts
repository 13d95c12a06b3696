// An outbox that is looked after while no program uses it: what waits is read, and dead letters are sent again or let go.
// There is no connection; what is to be sent goes out when a program opens the outbox.

import { HoldfastError, type Runtime, systemRuntime } from '@holdfast/protocol';
import { CheckedStore } from './checked-store.js';
import { AgeClock, type OutboxMeta } from './core/index.js';
import type { DeadLetterBox } from './dead-letter-box.js';
import { GroupCommit } from './group-commit.js';
import { outboxKeyPrefix, resolveSendingOptions } from './options.js';
import { hasOutbox, readMeta } from './outbox-store.js';
import { SendingHalf } from './sending-half.js';
import type { StoreFactory } from './store.js';
import { countWaiting, readWaiting, type WaitingMessage } from './waiting-messages.js';

/** The options of `openStoredOutbox`. */
export interface StoredOutboxOptions {
  /** The store with the outbox in it. */
  readonly store: StoreFactory;
  /** Which outbox of an agent's store: the one towards this device. @default the outbox of a device's channel */
  readonly device?: string;
  /** Clock, timers and randomness. Tests hand in a virtual one. */
  readonly runtime?: Runtime;
}

/** What waits in one lane of a stored outbox. */
export interface StoredLane {
  readonly lane: string;
  readonly messages: number;
  /** Names, headers and data as they go over the wire. */
  readonly bytes: number;
  /** How long the oldest one has waited, in milliseconds, as far as that can be known. */
  readonly oldestAgeMs: number;
}

interface StoredOutboxParts {
  readonly store: CheckedStore;
  readonly prefix: string;
  readonly epoch: string;
  readonly sending: SendingHalf;
  /** How old the outbox is now, in milliseconds. */
  ageMs(): number;
}

/** An outbox without a program. Made by `openStoredOutbox`. */
export class StoredOutbox {
  readonly #parts: StoredOutboxParts;

  /** Use `openStoredOutbox`. */
  constructor(parts: StoredOutboxParts) {
    this.#parts = parts;
  }

  /** Names this life of the outbox's numbering; the ids of its messages begin with it. */
  get epoch(): string {
    return this.#parts.epoch;
  }

  /** The messages that were given up: read them, put them back into the outbox, let them go. */
  get deadLetters(): DeadLetterBox {
    return this.#parts.sending.deadLetters;
  }

  /** Bytes of the dead letters. */
  get deadLetterBytes(): number {
    return this.#parts.sending.stats().deadLetterBytes;
  }

  /** Records of the store that could not be read so far; they are set aside. */
  get quarantinedRecords(): number {
    return this.#parts.store.quarantinedCount;
  }

  /** Counts what waits, lane by lane; lanes in which nothing waits are left out. It reads the whole outbox, bit by bit. */
  async lanes(): Promise<StoredLane[]> {
    const { store, prefix } = this.#parts;
    const lanes = await countWaiting(store, prefix);
    const nowMs = this.#parts.ageMs();
    return lanes.map(({ oldestAcceptedAtMs, ...lane }) => {
      return { ...lane, oldestAgeMs: Math.max(0, nowMs - oldestAcceptedAtMs) };
    });
  }

  /** Reads what waits in a lane, in order, in pieces of at most 1,024 messages; never more than a piece is in memory. */
  waiting(lane: string): AsyncGenerator<WaitingMessage[], void, undefined> {
    const { store, prefix, epoch } = this.#parts;
    return readWaiting(store, prefix, { epoch, lane });
  }

  /** Waits until the store has everything, and lets it go. Idempotent. */
  async close(): Promise<void> {
    await this.#parts.sending.close();
    await this.#parts.store.close();
  }
}

/** Whoever looks after an outbox must not lose anything of it by limits that are not those of its program. */
const NO_LIMITS = {
  outboxMaxMessages: Number.MAX_SAFE_INTEGER,
  outboxMaxBytes: Number.MAX_SAFE_INTEGER,
  deadLettersMaxMessages: 10_000,
  deadLettersMaxBytes: Number.MAX_SAFE_INTEGER,
};

/**
 * Opens an outbox without a connection, to look after it. The store is this process's alone meanwhile: no program can use it.
 * Messages whose time is over can become dead letters, as in any program that opens the outbox.
 *
 * @throws HoldfastError `STORE_UNAVAILABLE`, `STORE_LOCKED`, `STORE_FORMAT_UNKNOWN`; `OUTBOX_MISSING` when the store has none
 */
export async function openStoredOutbox(options: StoredOutboxOptions): Promise<StoredOutbox> {
  const { store: factory, device, runtime = systemRuntime() } = options;
  if (typeof factory?.open !== 'function') throw new TypeError("store is missing: lmdbStore('./outbox')");
  const prefix = outboxKeyPrefix(device);
  const store = new CheckedStore(await factory.open());
  try {
    // Opening makes a new outbox where there is none, which is not what anyone wants here.
    if (!(await hasOutbox(store, prefix))) {
      const which = device === undefined ? 'no outbox of a device' : `no outbox towards the device ${device}`;
      throw new HoldfastError('OUTBOX_MISSING', `there is ${which} in ${factory.name}; name the store that has one`);
    }
    const sender = { ...resolveSendingOptions(NO_LIMITS, prefix), deleteDelayMs: 0 };
    const commits = new GroupCommit(store, runtime);
    const sending = await SendingHalf.open({ runtime, store, commits, sender, emit: () => {} });
    const meta = (await readMeta(store, prefix)) as OutboxMeta;
    const age = new AgeClock(meta);
    const ageMs = (): number => {
      age.look(runtime.nowMs(), runtime.wallClockMs());
      return age.ageMs(runtime.nowMs());
    };
    return new StoredOutbox({ store, prefix, epoch: meta.epoch, sending, ageMs });
  } catch (error) {
    await store.close();
    throw error;
  }
}
