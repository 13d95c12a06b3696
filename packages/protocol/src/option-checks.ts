// Options are checked once, where users hand them in. Behind that edge everything has its default and its range.

import { hasLoneSurrogate, utf8Length } from './core/index.js';

/** The range of a number option, both ends included. */
export interface NumberRange {
  readonly min: number;
  readonly max: number;
}

/** A whole number in its range. @throws TypeError or RangeError that names the option */
export function checkInteger(option: string, value: number, range: NumberRange): number {
  if (!Number.isInteger(value)) throw new TypeError(`${option} must be a whole number, not ${String(value)}`);
  return checkRange(option, value, range);
}

/** A number in its range. @throws TypeError or RangeError that names the option */
export function checkNumber(option: string, value: number, range: NumberRange): number {
  if (typeof value !== 'number' || Number.isNaN(value)) {
    throw new TypeError(`${option} must be a number, not ${String(value)}`);
  }
  return checkRange(option, value, range);
}

/** A text that is not empty and fits its field. @throws TypeError or RangeError that names the option */
export function checkText(option: string, value: string, maxBytes: number): string {
  if (typeof value !== 'string' || value === '') throw new TypeError(`${option} must be a string that is not empty`);
  if (hasLoneSurrogate(value)) throw new TypeError(`${option} holds half of a surrogate pair`);
  if (utf8Length(value) > maxBytes) throw new RangeError(`${option} is longer than ${maxBytes} bytes`);
  return value;
}

function checkRange(option: string, value: number, range: NumberRange): number {
  if (value < range.min || value > range.max) {
    throw new RangeError(`${option} must be from ${range.min} to ${range.max}, not ${value}`);
  }
  return value;
}
