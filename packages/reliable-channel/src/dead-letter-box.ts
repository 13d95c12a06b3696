// The messages that were given up on, for people and programs: read one, send it again, or let it go.

import { decodeData, HoldfastError, ProtocolError } from '@holdfast/protocol';
import { decodeEntries, type Headers } from '@holdfast/protocol/core';
import type { CheckedStore } from './checked-store.js';
import {
  type DeadLetterRecord,
  deadLetterKey,
  decodeDeadLetter,
  NO_TRAITS,
  type OutgoingMessage,
} from './core/index.js';
import type { Delivery } from './delivery.js';

/** A message that was given up on. */
export interface DeadLetter {
  /** Names it in its outbox. */
  readonly id: number;
  readonly status: 'rejected' | 'expired';
  readonly reason: string;
  readonly lane: string;
  /** The number that it had in its lane. */
  readonly sequence: number;
  readonly name: string;
  readonly data: unknown;
  readonly headers: Headers;
  /** How often it was sent by the last process, or refused by its handler, whichever is more. */
  readonly attempts: number;
  /** By the wall clock, in milliseconds since 1970; a device that has not been told the time says 1970. */
  readonly acceptedAtMs: number;
  readonly diedAtMs: number;
}

/** What the box works with. */
export interface DeadLetterBoxParts {
  readonly store: CheckedStore;
  readonly keyPrefix: string;
  ids(): readonly number[];
  send(message: OutgoingMessage): Delivery;
  /** Lets one go; resolves when the store knows it. */
  discard(id: number): Promise<void>;
}

/** The dead letters of one outbox. */
export class DeadLetterBox {
  readonly #parts: DeadLetterBoxParts;
  /** Those that are being sent again: twice at one time would be twice for the agent. */
  readonly #replaying = new Set<number>();

  constructor(parts: DeadLetterBoxParts) {
    this.#parts = parts;
  }

  /** How many there are. */
  get count(): number {
    return this.#parts.ids().length;
  }

  /**
   * Some of them, oldest first.
   *
   * @param options.after - only those behind this id; for the next page
   * @param options.limit - at most so many; all when it is left out
   */
  async list({ after = 0, limit }: { readonly after?: number; readonly limit?: number } = {}): Promise<DeadLetter[]> {
    const wanted = this.#parts.ids().filter((id) => id > after);
    const letters: DeadLetter[] = [];
    for (const id of wanted.slice(0, limit)) {
      const letter = await this.get(id);
      if (letter !== undefined) letters.push(letter);
    }
    return letters;
  }

  /** One of them; `undefined` when there is none of this id. */
  async get(id: number): Promise<DeadLetter | undefined> {
    const record = await this.#read(id);
    return record === undefined ? undefined : letterOf(id, record);
  }

  /**
   * Sends one of them again, as a new message of its lane, of critical importance and without a TTL. It leaves the box when
   * the new message is on disk; a crash right then can leave it in both.
   *
   * @throws HoldfastError `DEAD_LETTER_UNKNOWN`: there is none of this id, or it is being sent again already; `OUTBOX_FULL`,
   * `STORE_FAILED`, `CHANNEL_CLOSED`: it stays in the box
   */
  async replay(id: number): Promise<Delivery> {
    const isBusy = this.#replaying.has(id);
    this.#replaying.add(id);
    try {
      const record = isBusy ? undefined : await this.#read(id);
      if (record === undefined)
        throw new HoldfastError('DEAD_LETTER_UNKNOWN', `there is no dead letter ${id}; list them first`);
      const { lane, entry } = record;
      const delivery = this.#parts.send({ lane, entry, importance: 'critical', traits: NO_TRAITS });
      await delivery.stored;
      await this.#parts.discard(id);
      return delivery;
    } finally {
      if (!isBusy) this.#replaying.delete(id);
    }
  }

  /** Lets one go. Resolves with false when there is none of this id. @throws HoldfastError `CHANNEL_CLOSED` */
  async discard(id: number): Promise<boolean> {
    if (!this.#parts.ids().includes(id)) return false;
    await this.#parts.discard(id);
    return true;
  }

  async #read(id: number): Promise<DeadLetterRecord | undefined> {
    if (!this.#parts.ids().includes(id)) return undefined;
    const { store, keyPrefix } = this.#parts;
    // One that died a moment ago is there when its end has been told.
    const bytes = await store.get(deadLetterKey(keyPrefix, id));
    const record = bytes === undefined ? undefined : decodeDeadLetter(bytes);
    return record instanceof ProtocolError ? undefined : record;
  }
}

function letterOf(id: number, record: DeadLetterRecord): DeadLetter | undefined {
  const { status, reason, lane, sequence, attempts, acceptedAtWallMs, diedAtWallMs, entry } = record;
  const [message] = decodeEntries(entry, 1);
  if (message === undefined) return undefined;
  const decoded = decodeData(message.data);
  const data = decoded instanceof ProtocolError ? undefined : decoded.value;
  const { name, headers = {} } = message;
  const times = { acceptedAtMs: acceptedAtWallMs, diedAtMs: diedAtWallMs };
  return { id, status, reason, lane, sequence, name, data, headers, attempts, ...times };
}
