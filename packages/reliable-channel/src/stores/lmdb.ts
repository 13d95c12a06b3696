// The store for Node: LMDB, whose binary ships in its npm package. A commit resolves after the data has been flushed to
// disk (`overlappingSync: false`; with it on, lmdb resolves before that). The store belongs to one process: LMDB itself
// would let two in, and two numberings in one outbox would lose messages.
//
// `eventTurnBatching: false`, because with it lmdb 3.5.6 makes a promise for itself that is rejected when the disk is full
// and that nobody can look at, which ends the program. We batch by ourselves.

import { closeSync, existsSync, fsyncSync, mkdirSync, openSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { HoldfastError } from '@holdfast/protocol';
import { type Database, open, type RootDatabase } from 'lmdb';
import type { StoreOperation } from '../core/index.js';
import type { ApplicationDatabase, Store, StoreEntry, StoreFactory, StoreRange } from '../store.js';
import { lmdbFileFault } from './lmdb-file.js';
import { prepareNewStore } from './lmdb-new-store.js';
import { LmdbRoom, type LmdbStats } from './lmdb-room.js';
import { isAlive, type ProcessIdentity, thisProcess } from './process-identity.js';

/** The layout of keys and records that this code writes: 2 since every record carries a checksum. */
const FORMAT = 2;
const FORMAT_KEY = 'holdfast/format';
const OWNER_KEY = 'holdfast/owner';
/** The database beside the store's own that belongs to the application. */
const APPLICATION_DATABASE = 'application';

/**
 * A store in a folder of its own, made when it is missing.
 *
 * @param path - the folder; give every outbox and every inbox its own
 */
export function lmdbStore(path: string): StoreFactory {
  if (typeof path !== 'string' || path === '') throw new TypeError('path must be the name of a folder');
  return { name: `lmdb ${path}`, open: async () => openLmdb(path) };
}

function openLmdb(path: string): Store {
  const database = openDatabase(path);
  let room: LmdbRoom | undefined;
  try {
    room = new LmdbRoom(join(path, 'data.mdb'), () => database.getStats() as LmdbStats);
    claim(database, path, room);
  } catch (error) {
    room?.close();
    void database.close();
    throw error instanceof HoldfastError ? error : unavailable(path, error);
  }
  let application: Database | undefined;
  let closing: Promise<void> | undefined;
  return {
    isDurable: true,
    get: (key) => reading(() => database.getBinary(key)),
    read: (range) => reading(() => readRange(database, range)),
    commit: (operations) => commit(database, room, operations),
    transaction: (operations, work) => {
      application ??= database.openDB({ name: APPLICATION_DATABASE, encoding: 'msgpack' });
      return transact({ database, application, room }, operations, work);
    },
    close: () => {
      closing ??= release(database, room);
      return closing;
    },
  };
}

function openDatabase(path: string): RootDatabase<Buffer, string> {
  try {
    makeFolder(resolve(path));
    const fault = lmdbFileFault(path);
    if (fault !== undefined) throw new Error(fault);
    prepareNewStore(path);
    const database = open<Buffer, string>({
      path,
      noSubdir: false,
      encoding: 'binary',
      overlappingSync: false,
      eventTurnBatching: false,
      maxDbs: 2,
    });
    syncFolder(path);
    return database;
  } catch (cause) {
    throw unavailable(path, cause);
  }
}

function unavailable(path: string, cause: unknown): HoldfastError {
  const detail = cause instanceof Error ? cause.message : String(cause);
  const advice =
    'check that this user may write there and that the disk is not full, put a backup back, or choose another folder';
  return new HoldfastError('STORE_UNAVAILABLE', `can not open the store in ${path}: ${detail}; ${advice}`, { cause });
}

/** A new file that its folder forgets with the power would be no file; Windows has no way to ask for this. */
function syncFolder(path: string): void {
  if (process.platform === 'win32') return;
  const folder = openSync(path, 'r');
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}

/**
 * Makes a folder and those above it. Node's own recursive mkdir never returns for a folder that is missing and can not be
 * made, as below /proc (seen with Node 20).
 */
function makeFolder(path: string): void {
  if (existsSync(path)) {
    if (!statSync(path).isDirectory()) throw new Error(`${path} is not a folder`);
    return;
  }
  makeFolder(dirname(path));
  try {
    mkdirSync(path);
    syncFolder(dirname(path));
  } catch (error) {
    // Another process may have made it in between.
    if (!existsSync(path)) throw error;
  }
}

/** Checks the format and takes the store for this process, in one transaction, so that two can not both succeed. */
function claim(database: RootDatabase<Buffer, string>, path: string, room: LmdbRoom): void {
  let failure: HoldfastError | undefined;
  const claims = [{ type: 'put', key: FORMAT_KEY, value: Buffer.from(String(FORMAT)) }, ownerRecord()] as const;
  database.transactionSync(() => {
    const format = database.getBinary(FORMAT_KEY)?.toString() ?? String(FORMAT);
    const owner = readOwner(database);
    if (format !== String(FORMAT) || owner === 'unreadable') {
      const advice = 'open it with the version of Holdfast that wrote it, or choose another folder';
      const detail = owner === 'unreadable' ? 'has an owner that can not be read' : `has format ${format}`;
      const message = `the store in ${path} ${detail}, this version reads format ${FORMAT}; ${advice}`;
      failure = new HoldfastError('STORE_FORMAT_UNKNOWN', message);
    } else if (owner !== undefined && isAlive(owner)) {
      const advice = 'end that process, or choose another folder';
      failure = new HoldfastError('STORE_LOCKED', `the store in ${path} is open in process ${owner.pid}; ${advice}`);
    } else {
      // In here nobody else writes, so only in here may one who does not have the store yet make the file longer.
      const isOver = room.promise(claims, { mayUseReserve: true });
      for (const { key, value } of claims) void database.put(key, asBuffer(value));
      isOver();
    }
  });
  if (failure !== undefined) throw failure;
}

function ownerRecord(): Extract<StoreOperation, { type: 'put' }> {
  return { type: 'put', key: OWNER_KEY, value: Buffer.from(JSON.stringify(thisProcess())) };
}

function readOwner(database: RootDatabase<Buffer, string>): ProcessIdentity | 'unreadable' | undefined {
  const bytes = database.getBinary(OWNER_KEY);
  if (bytes === undefined) return undefined;
  try {
    const owner = JSON.parse(bytes.toString()) as ProcessIdentity;
    return Number.isInteger(owner.pid) && owner.pid > 0 ? owner : 'unreadable';
  } catch {
    return 'unreadable';
  }
}

/** Runs what reads, and gives what goes wrong its code; a closed database is one of these. */
async function reading<Value>(read: () => Value): Promise<Value> {
  try {
    return read();
  } catch (cause) {
    const detail = cause instanceof Error ? cause.message : String(cause);
    throw new HoldfastError('STORE_FAILED', `the store could not read: ${detail}; check the disk`, { cause });
  }
}

function readRange(database: RootDatabase<Buffer, string>, range: StoreRange): StoreEntry[] {
  const entries: StoreEntry[] = [];
  let bytes = 0;
  for (const { key, value } of database.getRange({ start: range.from, end: range.to })) {
    entries.push({ key, value });
    bytes += value.length;
    if (bytes >= range.maxBytes) break;
  }
  return entries;
}

async function commit(
  database: RootDatabase<Buffer, string>,
  room: LmdbRoom,
  operations: readonly StoreOperation[],
): Promise<void> {
  let isOver: (() => void) | undefined;
  try {
    isOver = await roomFor(database, room, operations);
    await database.batch(() => apply(database, operations));
  } catch (cause) {
    throw await writeFailure(cause);
  } finally {
    isOver?.();
  }
}

/**
 * Makes sure of room for a commit. LMDB takes what a commit gave up for the commit after the next: where the disk is full and
 * nothing else is to be written, that would be never, so the owner, written again, is the one between.
 */
async function roomFor(
  database: RootDatabase<Buffer, string>,
  room: LmdbRoom,
  operations: readonly StoreOperation[],
): Promise<() => void> {
  try {
    return room.promise(operations);
  } catch (error) {
    if (!room.hasRoomSoon(operations)) throw error;
  }
  const between = [ownerRecord()];
  const isOver = room.promise(between, { mayUseReserve: true });
  try {
    await database.batch(() => apply(database, between));
  } finally {
    isOver();
  }
  return room.promise(operations);
}

function apply(database: RootDatabase<Buffer, string>, operations: readonly StoreOperation[]): void {
  for (const operation of operations) {
    if (operation.type === 'put') settle(database.put(operation.key, asBuffer(operation.value)));
    else settle(database.remove(operation.key));
  }
}

async function writeFailure(cause: unknown): Promise<HoldfastError> {
  const detail = await reasonOf(cause);
  return new HoldfastError('STORE_FAILED', `the store could not write: ${detail}; check the disk`, { cause });
}

/** What a transaction works on. */
interface OpenDatabases {
  readonly database: RootDatabase<Buffer, string>;
  readonly application: ApplicationDatabase;
  readonly room: LmdbRoom;
}

/**
 * A child transaction, because that is what lmdb takes back when its callback throws; an outer one it commits all the same
 * (seen with lmdb 3.5.6).
 */
async function transact<T>(
  { database, application, room }: OpenDatabases,
  operations: () => readonly StoreOperation[],
  work: (database: ApplicationDatabase) => T,
): Promise<T> {
  let thrown: { readonly error: unknown } | undefined;
  let isOver: (() => void) | undefined;
  try {
    return await database.childTransaction(() => {
      try {
        const result = work(application);
        const records = operations();
        // For the records of the inbox. What the application writes beside them it has to have room for.
        isOver = room.promise(records);
        apply(database, records);
        return result;
      } catch (error) {
        thrown = { error };
        throw error;
      }
    });
  } catch (cause) {
    if (thrown !== undefined) throw thrown.error;
    throw await writeFailure(cause);
  } finally {
    isOver?.();
  }
}

/** Every operation of a batch has a promise of its own; it says nothing that the batch does not say. */
function settle(operation: Promise<boolean>): void {
  operation.catch(() => {});
}

/** lmdb says what went wrong in a second promise, which would end the program if nobody looked at it. */
async function reasonOf(cause: unknown): Promise<string> {
  try {
    await (cause as { readonly commitError?: Promise<never> }).commitError;
    return cause instanceof Error ? cause.message : String(cause);
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

async function release(database: RootDatabase<Buffer, string>, room: LmdbRoom): Promise<void> {
  try {
    await commit(database, room, [{ type: 'delete', key: OWNER_KEY }]);
  } catch {
    // The store is let go when this process ends.
  }
  await database.close();
  room.close();
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
