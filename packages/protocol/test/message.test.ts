import { describe, expect, it } from 'vitest';
import { MESSAGE_MAX_BYTES, NAME_MAX_BYTES } from '../src/core/index.js';
import { decodeData } from '../src/data-decoder.js';
import { checkMessage, encodeMessage } from '../src/message.js';

const codeError = (code: string) => expect.objectContaining({ name: 'HoldfastError', code });

describe('checkMessage', () => {
  it('takes names up to the limit in bytes, and refuses them one above', () => {
    const data = new Uint8Array(1);
    for (const length of [1, NAME_MAX_BYTES - 1, NAME_MAX_BYTES]) {
      const name = 'n'.repeat(length);
      expect(checkMessage(name, data)).toEqual({ name, data });
    }
    expect(() => checkMessage('n'.repeat(NAME_MAX_BYTES + 1), data)).toThrow(codeError('NAME_TOO_LONG'));
    expect(() => checkMessage('é'.repeat(128), data)).toThrow(codeError('NAME_TOO_LONG'));
  });

  it('takes name and data up to the limit together, and refuses them one above', () => {
    const name = 'nä';
    for (const room of [4, 3]) expect(checkMessage(name, new Uint8Array(MESSAGE_MAX_BYTES - room)).name).toBe(name);
    expect(() => checkMessage(name, new Uint8Array(MESSAGE_MAX_BYTES - 2))).toThrow(codeError('MESSAGE_TOO_LARGE'));
  });

  it('takes a name that is no name for a mistake of the program', () => {
    for (const name of ['', undefined, null, 7, {}, 'half a pair \ud83d']) {
      expect(() => checkMessage(name as string, new Uint8Array(1))).toThrow(TypeError);
    }
  });
});

describe('encodeMessage', () => {
  it('encodes the data', () => {
    const message = encodeMessage('temperature', { celsius: 73.97 });
    expect(message.name).toBe('temperature');
    expect(decodeData(message.data)).toEqual({ value: { celsius: 73.97 } });
  });

  it('refuses what cannot be sent before anything else happens', () => {
    expect(() => encodeMessage('n', undefined)).toThrow(codeError('DATA_NOT_SERIALISABLE'));
    expect(() => encodeMessage('n', { ['__proto__']: 1 })).toThrow(codeError('DATA_UNSAFE_KEY'));
    expect(() => encodeMessage('n', 'x'.repeat(MESSAGE_MAX_BYTES))).toThrow(codeError('MESSAGE_TOO_LARGE'));
    expect(() => encodeMessage('n', 'x'.repeat(MESSAGE_MAX_BYTES - 5))).toThrow(codeError('MESSAGE_TOO_LARGE'));
    expect(encodeMessage('n', 'x'.repeat(MESSAGE_MAX_BYTES - 6)).data).toHaveLength(MESSAGE_MAX_BYTES - 1);
  });
});
