import { describe, expect, test } from 'vitest';
import { NV_MAX_BYTES, Nv } from '../../src/impos/nv.js';

describe('Nv', () => {
  test('keeps what can be sent, and shares nothing between lives', () => {
    const nv = new Nv();
    const table = nv.open();
    const list = [1, { two: 2 }];
    Object.assign(table, { list, blob: new Uint8Array([1, 2]), none: null });
    expect(nv.keep(table)).toEqual([]);
    list.push(3);
    expect(nv.open()).toEqual({ list: [1, { two: 2 }], blob: new Uint8Array([1, 2]), none: null });
    expect(nv.open().list).not.toBe(nv.open().list);
  });

  test('says which entries it can not keep, and keeps the others', () => {
    const nv = new Nv();
    const lost = nv.keep({ a: 1, callback: () => 1, b: 2 });
    expect(lost).toEqual([{ key: 'callback', detail: expect.stringContaining('function') }]);
    expect(nv.open()).toEqual({ a: 1, b: 2 });
  });

  test('holds 4096 bytes and not one more', () => {
    const nv = new Nv();
    // Key, three bytes of header, data.
    const fitting = 'x'.repeat(NV_MAX_BYTES - 1 - 3);
    expect(nv.keep({ k: fitting })).toEqual([]);
    expect(nv.keep({ k: `${fitting}x` })).toEqual([{ key: 'k', detail: expect.stringContaining('4096') }]);
    expect(nv.open()).toEqual({});
  });

  test('counts a key by its bytes', () => {
    const nv = new Nv();
    const key = '\u6c34';
    const fitting = 'x'.repeat(NV_MAX_BYTES - 3 - 3);
    expect(nv.keep({ [key]: fitting })).toEqual([]);
    expect(nv.keep({ [key]: `${fitting}x` })).toHaveLength(1);
  });

  test('an entry that can not even be read is one that can not be kept', () => {
    const nv = new Nv();
    const table = Object.defineProperty({ a: 1 }, 'b', {
      enumerable: true,
      get: () => {
        throw new Error('unreadable');
      },
    });
    expect(nv.keep(table)).toEqual([{ key: 'b', detail: 'unreadable' }]);
    expect(nv.open()).toEqual({ a: 1 });
  });
});
