// The records of the store suite: short names for keys and operations.

import type { Store, StoreOperation } from '@holdfast/reliable-channel';

/** Every key of these tests begins so; what else lies in a store is its own. */
const PREFIX = 't/';
/** The range of all of them. */
export const EVERYTHING = { from: PREFIX, to: 't0', maxBytes: Number.MAX_SAFE_INTEGER };

/** Names in their order. */
export const ORDERED_NAMES: readonly string[] = [
  '',
  ' ',
  '!',
  '-',
  '/',
  '0',
  '00',
  '10',
  '9',
  'A',
  'Z',
  '_',
  'a',
  'aa',
  'z',
  '~',
  'Ä',
  'ß',
  'ä',
];

/** Names that something between here and the disk might change or take for one another. */
export const STRANGE_NAMES: readonly string[] = [
  'e\u0301',
  '\u00e9',
  'd\u00e9j\u00e0',
  '\u65e5\u672c',
  '\u0436',
  '\u{1f600}',
  'a\u0000b',
  'a\tb',
  'quo"te',
  "it's",
];

/** The key of a record by its name in a test. */
export function key(name: string): string {
  return PREFIX + name;
}

/** Puts bytes under a name. */
export function putBytes(name: string, value: Uint8Array): StoreOperation {
  return { type: 'put', key: key(name), value };
}

/** The same, with the bytes one by one. */
export function put(name: string, ...bytes: number[]): StoreOperation {
  return putBytes(name, Uint8Array.from(bytes));
}

/** Deletes what is under a name. */
export function remove(name: string): StoreOperation {
  return { type: 'delete', key: key(name) };
}

/** The names of the records from one name on, up to another. */
export async function namesOf(store: Store, from = '', to?: string): Promise<string[]> {
  const range = { ...EVERYTHING, from: key(from), to: to === undefined ? EVERYTHING.to : key(to) };
  return (await store.read(range)).map((entry) => entry.key.slice(PREFIX.length));
}
