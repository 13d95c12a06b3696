// The messages that were given up on, kept with the reason until somebody replays or discards them. One record each, since
// they are few: beyond the limits the oldest make room, which is counted and told.
//
//   <prefix>/dead/<id, 14 hex digits>
//       version u8 | status u8 | lane str8 | sequence uvar | attempts uvar | acceptedAtWallMs uvar | diedAtWallMs uvar
//       | reason str8 | entry
//   <prefix>/dead-index  version u8 | next id uvar | count uvar | for each, ascending: id gap uvar, bytes uvar

import {
  ByteReader,
  ByteWriter,
  entryEnds,
  fitReason,
  LANE_MAX_BYTES,
  ProtocolError,
  REASON_MAX_BYTES,
} from '@holdfast/protocol/core';
import { hexNumber, OUTBOX_RECORD_VERSION, readVersion } from './outbox-record.js';
import type { StoreOperation } from './store-operation.js';

/** The bounds of the dead letters of one outbox. */
export interface DeadLetterLimits {
  /** 0: none are kept. */
  readonly deadLettersMaxMessages: number;
  readonly deadLettersMaxBytes: number;
}

/** A message that was given up on. */
export interface DeadLetterRecord {
  /** Why it ended: its handler refused it for good or too often, or its time was over. */
  readonly status: 'rejected' | 'expired';
  readonly reason: string;
  readonly lane: string;
  readonly sequence: number;
  /** How often the last process sent it, or how often its handler refused it, whichever is more. */
  readonly attempts: number;
  /** By the wall clock, in milliseconds since 1970. */
  readonly acceptedAtWallMs: number;
  readonly diedAtWallMs: number;
  /** The message as it goes into a data frame. */
  readonly entry: Uint8Array;
}

/** One entry of the index: where a dead letter lies and how large its record is. */
export interface DeadLetterPlace {
  readonly id: number;
  readonly bytes: number;
}

/** The index as the store has it. */
export interface DeadLetterIndex {
  readonly next: number;
  readonly places: readonly DeadLetterPlace[];
}

/** The index of an outbox in which nothing has died. */
export const NO_DEAD_LETTERS: DeadLetterIndex = { next: 1, places: [] };

const STATUSES = ['rejected', 'expired'] as const;

/** The key of one dead letter. */
export function deadLetterKey(prefix: string, id: number): string {
  return `${prefix}/dead/${hexNumber(id)}`;
}

/** The key of their index. */
export function deadLetterIndexKey(prefix: string): string {
  return `${prefix}/dead-index`;
}

/** The dead letters of one outbox, as a list of what a commit has to change. */
export class DeadLetters {
  readonly #prefix: string;
  readonly #limits: DeadLetterLimits;
  #next: number;
  #places: DeadLetterPlace[];
  #bytes = 0;
  #dropped = 0;
  /** Changes that no commit has taken, by key. */
  #changes = new Map<string, StoreOperation>();
  #isIndexDirty = false;
  /** Whether a commit with changes is under way. */
  #isCommitting = false;

  constructor(prefix: string, limits: DeadLetterLimits, index: DeadLetterIndex) {
    this.#prefix = prefix;
    this.#limits = limits;
    this.#next = index.next;
    this.#places = [...index.places];
    for (const { bytes } of index.places) this.#bytes += bytes;
  }

  get count(): number {
    return this.#places.length;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** How many made room for others, unseen, since this process began. */
  get dropped(): number {
    return this.#dropped;
  }

  /** The ids, oldest first. */
  get ids(): readonly number[] {
    return this.#places.map(({ id }) => id);
  }

  get hasChanges(): boolean {
    return this.#isIndexDirty || this.#changes.size > 0;
  }

  /** Keeps a message. */
  add(record: DeadLetterRecord): void {
    const id = this.#next++;
    const value = encodeDeadLetter(record);
    this.#places.push({ id, bytes: value.length });
    this.#bytes += value.length;
    this.#change({ type: 'put', key: deadLetterKey(this.#prefix, id), value });
    const { deadLettersMaxMessages, deadLettersMaxBytes } = this.#limits;
    while (this.#places.length > deadLettersMaxMessages || this.#bytes > deadLettersMaxBytes) {
      this.remove((this.#places[0] as DeadLetterPlace).id);
      this.#dropped += 1;
    }
  }

  /** Lets one go. Returns false when there is none of this id. */
  remove(id: number): boolean {
    const index = this.#places.findIndex((place) => place.id === id);
    const place = this.#places[index];
    if (place === undefined) return false;
    this.#places.splice(index, 1);
    this.#bytes -= place.bytes;
    this.#change({ type: 'delete', key: deadLetterKey(this.#prefix, id) });
    return true;
  }

  /** Whether the store has them as they are here. */
  get isStored(): boolean {
    return !this.#isCommitting && !this.hasChanges;
  }

  /** Takes what a commit has to change; `onCommitted` or `giveBack` follows. */
  takeChanges(): StoreOperation[] {
    if (!this.hasChanges) return [];
    this.#isCommitting = true;
    const key = deadLetterIndexKey(this.#prefix);
    const value = encodeDeadLetterIndex({ next: this.#next, places: this.#places });
    const changes: StoreOperation[] = [...this.#changes.values(), { type: 'put', key, value }];
    this.#changes = new Map();
    this.#isIndexDirty = false;
    return changes;
  }

  onCommitted(): void {
    this.#isCommitting = false;
  }

  /** A commit with these changes failed. */
  giveBack(changes: readonly StoreOperation[]): void {
    this.#isCommitting = false;
    if (changes.length > 0) this.#isIndexDirty = true;
    const indexKey = deadLetterIndexKey(this.#prefix);
    // What has changed since counts more.
    for (const change of changes) {
      if (change.key !== indexKey && !this.#changes.has(change.key)) this.#changes.set(change.key, change);
    }
  }

  #change(operation: StoreOperation): void {
    this.#changes.set(operation.key, operation);
    this.#isIndexDirty = true;
  }
}

/** Writes the record of a dead letter. */
export function encodeDeadLetter(record: DeadLetterRecord): Uint8Array {
  const writer = new ByteWriter(record.entry.length + 400);
  writer.u8(OUTBOX_RECORD_VERSION).u8(STATUSES.indexOf(record.status)).str8(record.lane, LANE_MAX_BYTES);
  writer.uvar(record.sequence).uvar(record.attempts).uvar(record.acceptedAtWallMs).uvar(record.diedAtWallMs);
  return writer.str8(fitReason(record.reason)).bytes(record.entry).finish();
}

/** Reads the record of a dead letter, or says what is wrong with it. */
export function decodeDeadLetter(bytes: Uint8Array): DeadLetterRecord | ProtocolError {
  const reader = new ByteReader(bytes);
  readVersion(reader);
  const status = STATUSES[reader.u8('status')];
  if (status === undefined) reader.reject('FRAME_MALFORMED', 'the status of a dead letter is unknown');
  const record = {
    status: status as DeadLetterRecord['status'],
    lane: reader.str8('lane', LANE_MAX_BYTES),
    sequence: reader.uvar('sequence'),
    attempts: reader.uvar('attempts'),
    acceptedAtWallMs: reader.uvar('acceptedAtWallMs'),
    diedAtWallMs: reader.uvar('diedAtWallMs'),
    reason: reader.str8('reason', REASON_MAX_BYTES),
    entry: reader.rest(),
  };
  if (reader.fault !== undefined) return reader.fault;
  const ends = entryEnds(record.entry, 1);
  return ends instanceof ProtocolError ? ends : record;
}

/** Writes the index. */
export function encodeDeadLetterIndex({ next, places }: DeadLetterIndex): Uint8Array {
  const writer = new ByteWriter(places.length * 6 + 16).u8(OUTBOX_RECORD_VERSION).uvar(next).uvar(places.length);
  let previous = 0;
  for (const { id, bytes } of places) {
    writer.uvar(id - previous).uvar(bytes);
    previous = id;
  }
  return writer.finish();
}

/** Reads the index, or says what is wrong with it. */
export function decodeDeadLetterIndex(bytes: Uint8Array): DeadLetterIndex | ProtocolError {
  const reader = new ByteReader(bytes);
  readVersion(reader);
  const next = reader.uvar('next');
  const count = reader.uvar('count');
  const places: DeadLetterPlace[] = [];
  let id = 0;
  for (let index = 0; index < count && reader.fault === undefined; index++) {
    id += reader.uvar('id gap');
    places.push({ id, bytes: reader.uvar('bytes') });
  }
  reader.end();
  return reader.fault ?? { next, places };
}
