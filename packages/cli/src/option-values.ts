// The texts of options, turned into what they mean. A text that means nothing is a usage error that names the option.

import { readFileSync } from 'node:fs';
import { InvalidArgumentError } from 'commander';
import { CommandError, UsageError } from './command-error.js';

/** A port; 0 lets the system choose where the option says so. */
export function portOf(text: string): number {
  return wholeNumber(text, 0, 65_535);
}

/** A line of a file; the first one is 1. */
export function lineOf(text: string): number {
  return wholeNumber(text, 1, Number.MAX_SAFE_INTEGER);
}

/** The size of a message; how large one may be, the library knows. */
export function bytesOf(text: string): number {
  return wholeNumber(text, 0, Number.MAX_SAFE_INTEGER);
}

/** A length of time in seconds, fractions allowed. */
export function secondsOf(text: string): number {
  const seconds = /^\d+(\.\d+)?$/.test(text) ? Number(text) : Number.NaN;
  if (!(seconds > 0 && seconds <= SECONDS_MAX)) {
    throw new InvalidArgumentError(`It must be a number of seconds above 0 and at most ${SECONDS_MAX}.`);
  }
  return seconds;
}

/**
 * The token that both ends share: as given, or from the environment, where other users of the machine do not see it.
 * `undefined`: there is none.
 */
export function tokenOf(given: string | undefined): string | undefined {
  const token = given ?? process.env.HOLDFAST_TOKEN;
  if (token === '') throw new UsageError(`${given === '' ? '--token' : 'HOLDFAST_TOKEN'} is empty`);
  return token;
}

/** The bytes of a file that an option names. */
export function fileOf(option: string, path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (cause) {
    throw new CommandError(`can not read the file of ${option}: ${reasonOf(cause, path)}`, { cause });
  }
}

/** Why a file could not be read or written, for people. */
export function reasonOf(error: unknown, path: string): string {
  const code = (error as NodeJS.ErrnoException).code ?? '';
  const known: Readonly<Record<string, string>> = {
    ENOENT: 'does not exist',
    ENOTDIR: 'does not exist',
    EISDIR: 'is a folder',
    EACCES: 'is not open to this user',
    EPERM: 'is not open to this user',
    ENOSPC: 'has no room: the disk is full',
  };
  if (known[code] !== undefined) return `${path} ${known[code]}`;
  return `${path}: ${error instanceof Error ? error.message : String(error)}`;
}

const SECONDS_MAX = 86_400 * 7;

function wholeNumber(text: string, min: number, max: number): number {
  const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (!(value >= min && value <= max))
    throw new InvalidArgumentError(`It must be a whole number from ${min} to ${max}.`);
  return value;
}
