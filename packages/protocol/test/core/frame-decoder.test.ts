import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  encodeFrame,
  FRAME_MAX_BYTES,
  type Frame,
  FrameDecoder,
  HANDSHAKE_FRAME_MAX_BYTES,
  LENGTH_BYTES,
  ProtocolError,
} from '../../src/core/index.js';
import { bytesOf, concat, framed, frames, printable, SAMPLE_FRAMES } from '../support/frames.js';

const PING = encodeFrame({ type: 'ping', nonce: 7 });

/** Feeds pieces and collects everything that comes out, up to the error that ends the stream. */
function decode(pieces: Iterable<Uint8Array>, frameMaxBytes = FRAME_MAX_BYTES): (Frame | ProtocolError)[] {
  const decoder = new FrameDecoder(frameMaxBytes);
  const results: (Frame | ProtocolError)[] = [];
  for (const piece of pieces) {
    decoder.push(piece);
    for (let next = decoder.next(); next !== undefined; next = decoder.next()) {
      results.push(next);
      if (next instanceof ProtocolError) return results;
    }
    if (decoder.heldBytes > LENGTH_BYTES + frameMaxBytes) throw new Error('the decoder holds too much');
  }
  return results;
}

/** Cuts a stream at the given places. */
function* cut(stream: Uint8Array, places: readonly number[]): Iterable<Uint8Array> {
  let from = 0;
  for (const place of [...places].sort((a, b) => a - b)) {
    yield stream.slice(from, place);
    from = place;
  }
  yield stream.slice(from);
}

function* byteByByte(stream: Uint8Array): Iterable<Uint8Array> {
  for (const byte of stream) yield Uint8Array.of(byte);
}

describe('FrameDecoder', () => {
  const stream = concat(...SAMPLE_FRAMES.map(encodeFrame));

  it('finds every frame of a whole stream', () => {
    expect(decode([stream]).map(printable)).toEqual(SAMPLE_FRAMES.map(printable));
  });

  it('finds the same frames when every byte comes alone', () => {
    expect(decode(byteByByte(stream)).map(printable)).toEqual(SAMPLE_FRAMES.map(printable));
  });

  it('finds the same frames however the stream is cut', () => {
    fc.assert(
      fc.property(fc.array(frames, { maxLength: 6 }), fc.infiniteStream(fc.nat(0xffffffff)), (expected, random) => {
        const bytes = concat(...expected.map(encodeFrame));
        const places = [...random.take(12)].map((number) => number % (bytes.length + 1));
        expect(decode(cut(bytes, places))).toEqual(expected);
      }),
      { numRuns: 500 },
    );
  });

  it('finds two frames in one piece, and the beginning of a third', () => {
    const decoder = new FrameDecoder(FRAME_MAX_BYTES);
    decoder.push(concat(PING, PING, PING.subarray(0, 6)));
    expect(decoder.next()).toEqual({ type: 'ping', nonce: 7 });
    expect(decoder.next()).toEqual({ type: 'ping', nonce: 7 });
    expect(decoder.next()).toBeUndefined();
    expect(decoder.heldBytes).toBe(6);
    decoder.push(PING.subarray(6));
    expect(decoder.next()).toEqual({ type: 'ping', nonce: 7 });
    expect(decoder.heldBytes).toBe(0);
  });

  it('gives frames that later pieces do not change', () => {
    const decoder = new FrameDecoder(FRAME_MAX_BYTES);
    const message = encodeFrame({ type: 'message', name: 'n', data: bytesOf('01 02 03') });
    decoder.push(concat(message, message.subarray(0, 7)));
    const first = decoder.next();
    decoder.next();
    decoder.push(bytesOf('ff ff ff'));
    expect(first).toEqual({ type: 'message', name: 'n', data: bytesOf('01 02 03') });
    decoder.push(message);
    expect(decoder.next()).toEqual({ type: 'message', name: 'n', data: bytesOf('ff ff ff') });
  });

  it('carries plain byte arrays, whatever subclass the pieces are of', () => {
    const message = encodeFrame({ type: 'message', name: 'n', data: bytesOf('01 02 03') });
    for (const pieces of [[message], [message.subarray(0, 5), message.subarray(5)]]) {
      const [frame] = decode(pieces.map((piece) => Buffer.from(piece)));
      expect(frame).toEqual({ type: 'message', name: 'n', data: bytesOf('01 02 03') });
      expect((frame as { data: Uint8Array }).data.constructor).toBe(Uint8Array);
    }
  });

  it('waits for more after empty pieces and half a length field', () => {
    expect(decode([new Uint8Array(0), PING.subarray(0, 2), new Uint8Array(0)])).toEqual([]);
  });

  it('refuses a frame without a type', () => {
    expect(decode([bytesOf('00 00 00 00')])).toMatchObject([{ code: 'FRAME_MALFORMED' }]);
  });

  it('refuses an oversized frame as soon as it is announced', () => {
    for (const announced of ['00 04 10 01', '7f ff ff ff', 'ff ff ff ff']) {
      expect(decode([bytesOf(announced)])).toMatchObject([{ code: 'FRAME_TOO_LARGE' }]);
    }
  });

  it('holds only what has arrived of a frame, not what was announced', () => {
    const decoder = new FrameDecoder(FRAME_MAX_BYTES);
    decoder.push(bytesOf('00 04 04 00 04'));
    expect(decoder.next()).toBeUndefined();
    expect(decoder.heldBytes).toBe(5);
  });

  it('takes a frame at the limit and refuses one above', () => {
    const limit = 16;
    const message = (bytes: number): Uint8Array =>
      encodeFrame({ type: 'message', name: 'n', data: new Uint8Array(bytes - 3) });
    expect(decode([message(limit - 1)], limit)).toMatchObject([{ type: 'message' }]);
    expect(decode(byteByByte(message(limit)), limit)).toMatchObject([{ type: 'message' }]);
    expect(decode(byteByByte(message(limit + 1)), limit)).toMatchObject([{ code: 'FRAME_TOO_LARGE' }]);
  });

  it('applies a new limit from the next frame on', () => {
    const decoder = new FrameDecoder(HANDSHAKE_FRAME_MAX_BYTES);
    const large = encodeFrame({ type: 'message', name: 'n', data: new Uint8Array(HANDSHAKE_FRAME_MAX_BYTES) });
    decoder.push(concat(PING, large));
    expect(decoder.next()).toMatchObject({ type: 'ping' });
    decoder.setFrameMaxBytes(FRAME_MAX_BYTES);
    expect(decoder.next()).toMatchObject({ type: 'message' });
  });

  it('gives the frames before the error, and then the error for ever', () => {
    const decoder = new FrameDecoder(FRAME_MAX_BYTES);
    decoder.push(concat(PING, framed(bytesOf('7f')), PING));
    expect(decoder.next()).toMatchObject({ type: 'ping' });
    const error = decoder.next();
    expect(error).toMatchObject({ code: 'FRAME_UNKNOWN_TYPE' });
    expect(decoder.heldBytes).toBe(0);
    decoder.push(PING);
    expect(decoder.next()).toBe(error);
    expect(decoder.heldBytes).toBe(0);
  });

  it('reads a large frame that comes in small pieces without copying it for each', () => {
    const large = encodeFrame({ type: 'message', name: 'n', data: new Uint8Array(262_143) });
    const startedMs = performance.now();
    expect(decode(byteByByte(large))).toHaveLength(1);
    // One copy for each byte would move 34 GB.
    expect(performance.now() - startedMs).toBeLessThan(5_000);
  });
});
