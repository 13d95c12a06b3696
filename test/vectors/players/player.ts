// What a player is: it runs the steps of one case against a core and says what came out.

import type { RandomUint32 } from '@holdfast/protocol/core';

/** Plain JSON. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/** A JSON object. */
export type JsonObject = { readonly [key: string]: Json };

/** Runs the steps of one case. */
export interface Player {
  /** Feeds one input at a time (monotonic milliseconds); returns every output, in order. */
  play(input: JsonObject, atMs: number): Json[];
  /** What can be seen of the core now. `nextTimeoutMs`: null when it waits for nothing. */
  state(): JsonObject;
}

/** Makes the core of a case. `random` draws what the case lists. */
export type CreatePlayer = (options: JsonObject, random: RandomUint32) => Player;

/** An input of a type that the file's core does not have. */
export function unknownInput(input: JsonObject): never {
  throw new Error(`this core has no input ${JSON.stringify(input)}`);
}

/** Bytes of hex digits. */
export function bytesOf(hex: Json | undefined): Uint8Array {
  return Uint8Array.from(String(hex).match(/../g) ?? [], (digits) => Number.parseInt(digits, 16));
}

/** Hex digits of bytes. */
export function hexOf(bytes: Uint8Array): string {
  return [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}
