// What a commit changes. The store port of the shell takes lists of these, all or nothing.

/** One change of a store. */
export type StoreOperation =
  | { readonly type: 'put'; readonly key: string; readonly value: Uint8Array }
  | { readonly type: 'delete'; readonly key: string };

/** Writes `value` under `key`. */
export function putOf(key: string, value: Uint8Array): StoreOperation {
  return { type: 'put', key, value };
}
