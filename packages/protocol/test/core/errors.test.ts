import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { HoldfastError, InvariantError, isHoldfastError, ProtocolError } from '../../src/core/index.js';

const source = readFileSync(new URL('../../src/core/errors.ts', import.meta.url), 'utf8');
const page = readFileSync(new URL('../../../../docs/errors.md', import.meta.url), 'utf8');

/** The members of a union of codes. They exist in types only, so the source is read. */
function codesOf(union: string): string[] {
  const declaration = new RegExp(`export type ${union} =([^;]*);`).exec(source)?.[1] ?? '';
  return [...declaration.matchAll(/'([A-Z_]+)'/g)].map(([, code]) => code ?? '');
}

/** The codes in the table below a heading of docs/errors.md. */
function codesBelow(heading: string): string[] {
  const section = page.split(/^## /m).find((part) => part.startsWith(`${heading}\n`)) ?? '';
  return [...section.matchAll(/^\| `(\w+)` \| [^|]{10,} \| [^|]{10,} \|$/gm)].map(([, code]) => code ?? '');
}

describe('docs/errors.md', () => {
  it.each(['HoldfastError', 'ProtocolError'])('has one row for each code of %s, in order, and no others', (name) => {
    const codes = codesOf(`${name}Code`);
    expect(codes.length).toBeGreaterThan(5);
    expect(codesBelow(name)).toEqual(codes);
    expect([...codes].sort()).toEqual(codes);
  });
});

describe('HoldfastError', () => {
  it('has a name, a code, a message and a cause', () => {
    const cause = new Error('the disk is full');
    const error = new HoldfastError('STORE_FAILED', 'the store could not write', { cause });
    expect(error).toBeInstanceOf(Error);
    expect(error).toMatchObject({
      name: 'HoldfastError',
      code: 'STORE_FAILED',
      message: 'the store could not write',
      cause,
    });
    expect(String(error)).toBe('HoldfastError: the store could not write');
  });
});

describe('ProtocolError', () => {
  it('is a HoldfastError with its own name', () => {
    const error = new ProtocolError('FRAME_TRUNCATED', 'the frame ends inside nonce');
    expect(error).toBeInstanceOf(HoldfastError);
    expect(error).toMatchObject({ name: 'ProtocolError', code: 'FRAME_TRUNCATED' });
    expect(error.stack).toContain('the frame ends inside nonce');
  });
});

describe('isHoldfastError', () => {
  it('recognises both classes, also those of another installed copy', () => {
    expect(isHoldfastError(new HoldfastError('NAME_TOO_LONG', 'long'))).toBe(true);
    expect(isHoldfastError(new ProtocolError('DATA_MALFORMED', 'bad'))).toBe(true);
    const fromAnotherCopy = Object.assign(new Error('from elsewhere'), { [Symbol.for('holdfast.error')]: true });
    expect(isHoldfastError(fromAnotherCopy)).toBe(true);
  });

  it('recognises nothing else', () => {
    for (const value of [
      new Error('plain'),
      new InvariantError('bug'),
      { code: 'NAME_TOO_LONG' },
      null,
      undefined,
      'text',
      7,
    ]) {
      expect(isHoldfastError(value)).toBe(false);
    }
  });

  it('leaves no trace where errors are copied or printed', () => {
    const error = new HoldfastError('NAME_TOO_LONG', 'long');
    expect(Object.getOwnPropertySymbols({ ...error })).toEqual([]);
  });
});
