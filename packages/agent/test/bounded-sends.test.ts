import { HoldfastError } from '@holdfast/protocol';
import { DISCONNECTED, type FrameCarrier, SEND_OK, type SendCode } from '@holdfast/transport';
import { describe, expect, it } from 'vitest';
import { BoundedSends, SEND_TIMEOUT_MS, UNSENT_MAX_BYTES } from '../src/bounded-sends.js';

/** A connection with room, or without: then its sends wait. */
class FakeConnection {
  readonly sent: unknown[] = [];
  readonly #waiting: ((code: SendCode) => void)[] = [];
  freeBytes = 1;
  /** What its `send` throws. */
  error: HoldfastError | undefined;

  get carrier(): FrameCarrier {
    return { isUp: true, freeBytes: this.freeBytes, sendFrame: () => {}, attach: () => () => {} };
  }

  send(...message: unknown[]): Promise<SendCode> {
    if (this.error !== undefined) throw this.error;
    this.sent.push(message);
    if (this.freeBytes > 0) return Promise.resolve(SEND_OK);
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  end(code: SendCode): void {
    for (const resolve of this.#waiting.splice(0)) resolve(code);
  }
}

/** A blob and the five bytes that say so. */
const blobOf = (bytes: number): Uint8Array => new Uint8Array(bytes - 5);
const QUARTER = UNSENT_MAX_BYTES / 32;
const TOO_MANY = expect.objectContaining({ code: 'TOO_MANY_SENDS' });

describe('BoundedSends', () => {
  it('hand messages on without counting while there is room', async () => {
    const connection = new FakeConnection();
    const sends = new BoundedSends(connection);
    const blob = blobOf(QUARTER);
    const codes = Array.from({ length: 50 }, () => sends.send('setting', blob));
    expect(sends.unsentBytes).toBe(0);
    const [name, data, timeoutMs] = connection.sent[0] as unknown[];
    expect([name, data === blob, timeoutMs]).toEqual(['setting', true, SEND_TIMEOUT_MS]);
    expect(new Set(await Promise.all(codes))).toEqual(new Set([SEND_OK]));
  });

  it('let so many bytes wait, and throw for one more', () => {
    const connection = new FakeConnection();
    const sends = new BoundedSends(connection);
    connection.freeBytes = 0;
    for (let n = 1; n <= 32; n++) void sends.send('setting', blobOf(QUARTER));
    expect(sends.unsentBytes).toBe(UNSENT_MAX_BYTES);
    expect(() => sends.send('setting', null)).toThrow(TOO_MANY);
    expect(connection.sent).toHaveLength(32);
  });

  it('count a message until it has its result, whatever that is', async () => {
    const connection = new FakeConnection();
    const sends = new BoundedSends(connection);
    connection.freeBytes = 0;
    const first = sends.send('setting', blobOf(QUARTER));
    connection.end(SEND_OK);
    expect(await first).toBe(SEND_OK);
    expect(sends.unsentBytes).toBe(0);
    const second = sends.send('setting', blobOf(QUARTER));
    expect(sends.unsentBytes).toBe(QUARTER);
    connection.end(DISCONNECTED);
    expect(await second).toBe(DISCONNECTED);
    expect(sends.unsentBytes).toBe(0);
  });

  it('count nothing that was not taken', () => {
    const connection = new FakeConnection();
    const sends = new BoundedSends(connection);
    connection.freeBytes = 0;
    expect(() => sends.send('setting', undefined)).toThrow(expect.objectContaining({ code: 'DATA_NOT_SERIALISABLE' }));
    connection.error = new HoldfastError('TOO_MANY_SENDS', 'no more');
    expect(() => sends.send('setting', 1)).toThrow('no more');
    expect(sends.unsentBytes).toBe(0);
  });
});
