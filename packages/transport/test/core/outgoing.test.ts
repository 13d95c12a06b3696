import type { Frame } from '@holdfast/protocol/core';
import { describe, expect, test } from 'vitest';
import {
  Callers,
  messageFrameBytes,
  Outgoing,
  SEND_OK,
  SendBuffer,
  WAIT_FOR_ACK,
  WAIT_TIL_SENT,
  type WaitFor,
} from '../../src/core/index.js';
import { CALLER, concat, framesIn } from '../rig.js';

class Bench {
  readonly buffer: SendBuffer;
  readonly callers = new Callers();
  readonly outgoing: Outgoing;
  readonly #written: Uint8Array[] = [];

  constructor(sendBufferBytes = 200, writeMaxBytes = 65_536) {
    this.buffer = new SendBuffer({ sendBufferBytes, sendBufferMaxBytes: 10_000 });
    this.outgoing = new Outgoing(this.buffer, this.callers, { packetBytes: 50, writeMaxBytes });
  }

  push(id: number | undefined, dataBytes: number, waitFor: WaitFor = WAIT_TIL_SENT, deadlineMs = 30_000): void {
    const bytes = messageFrameBytes('n', new Uint8Array(dataBytes).fill(id ?? 0));
    const caller = id === undefined ? undefined : { ...CALLER, id, bytes, waitFor, deadlineMs };
    this.outgoing.push({ bytes, caller });
  }

  /** The link takes one write; says how large it was. */
  takeOne(): number {
    const bytes = this.outgoing.nextWrite();
    if (bytes === undefined) return 0;
    this.#written.push(bytes.slice());
    this.outgoing.onTook();
    return bytes.length;
  }

  drain(): { frames: Frame[]; restBytes: number } {
    while (this.takeOne() > 0);
    return framesIn(concat(this.#written));
  }
}

const PING: Frame = { type: 'ping', nonce: 1 };
const typesOf = (frames: readonly Frame[]): string[] => frames.map(({ type }) => type);

describe('Outgoing', () => {
  test('hands whole packets to the link, as many as it wants at once', () => {
    const bench = new Bench(1_000, 149);
    bench.push(1, 300);
    expect(bench.outgoing.nextWrite()).toHaveLength(100);
    expect(bench.outgoing.nextWrite()).toBeUndefined();
  });

  test('hands one packet at least, however little the link wants', () => {
    const bench = new Bench(1_000, 10);
    bench.push(1, 300);
    expect(bench.outgoing.nextWrite()).toHaveLength(50);
  });

  test('keeps bytes in the buffer until the link has taken them', () => {
    const bench = new Bench();
    bench.push(1, 93);
    expect(bench.buffer.usedBytes).toBe(100);
    bench.outgoing.nextWrite();
    expect(bench.buffer.usedBytes).toBe(100);
    bench.outgoing.onTook();
    expect(bench.buffer.usedBytes).toBe(0);
  });

  test('puts a control frame between two frames, never inside one', () => {
    const bench = new Bench(200);
    bench.push(1, 300);
    bench.push(2, 10);
    bench.outgoing.pushControl(PING);
    expect(typesOf(bench.drain().frames)).toEqual(['message', 'ping', 'message']);
  });

  test('puts a control frame ahead of a frame of which nothing has been written', () => {
    const bench = new Bench(200);
    bench.push(1, 193);
    expect(bench.buffer.freeBytes).toBe(0);
    bench.push(2, 193);
    bench.outgoing.pushControl(PING);
    expect(typesOf(bench.drain().frames)).toEqual(['message', 'ping', 'message']);
  });

  test('lets a newer control frame replace one of its kind that waits', () => {
    const bench = new Bench(200);
    bench.push(1, 300);
    for (let count = 1; count <= 1_000; count++) bench.outgoing.pushControl({ type: 'serverAck', count });
    expect(bench.drain().frames.slice(1)).toEqual([{ type: 'serverAck', count: 1_000 }]);
  });

  test('streams a control frame through that is larger than the buffer', () => {
    const bench = new Bench(64);
    const hello: Frame = { type: 'hello', version: 1, deviceId: 'd'.repeat(128), token: 't'.repeat(2_048) };
    bench.outgoing.pushControl(hello);
    expect(bench.drain()).toEqual({ frames: [hello], restBytes: 0 });
  });

  test('believes no ack for more messages than are in the buffer, and wakes nobody for it', () => {
    const bench = new Bench(200);
    bench.push(1, 10, WAIT_FOR_ACK);
    bench.push(2, 300, WAIT_FOR_ACK);
    expect(bench.outgoing.onServerAck(2)).toBe(false);
    expect(bench.callers.takeDone()).toEqual([]);
    expect(bench.outgoing.onServerAck(1)).toBe(true);
    expect(bench.callers.takeDone()).toEqual([{ type: 'sendDone', id: 1, code: SEND_OK }]);
  });

  test('does not count channel frames for the server ack', () => {
    const bench = new Bench(200);
    bench.push(undefined, 10);
    expect(bench.outgoing.onServerAck(1)).toBe(false);
  });

  test('finds the deadline of a caller wherever it waits', () => {
    for (const before of [0, 10, 300]) {
      const bench = new Bench(200);
      if (before > 0) bench.push(1, before, WAIT_FOR_ACK, 90_000);
      bench.push(2, 300, WAIT_FOR_ACK, 20_000);
      expect(bench.callers.expire(19_999)).toBe(false);
      expect(bench.callers.expire(20_000)).toBe(true);
    }
  });

  test('corrects the earliest deadline when its caller is gone', () => {
    const bench = new Bench();
    bench.push(1, 10, WAIT_TIL_SENT, 20_000);
    expect(bench.callers.earliestDeadlineMs).toBe(20_000);
    expect(bench.callers.expire(20_000)).toBe(false);
    expect(bench.callers.earliestDeadlineMs).toBe(Number.POSITIVE_INFINITY);
  });

  test('drops everything when the connection is gone, and counts anew', () => {
    const bench = new Bench(200);
    bench.push(1, 10);
    bench.push(2, 300);
    bench.outgoing.pushControl(PING);
    bench.outgoing.clear();
    expect(bench.outgoing.isEmpty).toBe(true);
    expect(bench.outgoing.messageCount).toBe(0);
    expect(bench.outgoing.onServerAck(1)).toBe(false);
  });

  test('counts the messages that wait, wholly and in part', () => {
    const bench = new Bench(200);
    bench.push(1, 10);
    bench.push(2, 300);
    bench.push(undefined, 10);
    bench.push(3, 10);
    expect(bench.outgoing.messageCount).toBe(3);
    bench.drain();
    expect(bench.outgoing.messageCount).toBe(3);
  });

  test('fits what goes into the buffer wholly, and nothing behind what waits', () => {
    const bench = new Bench(200);
    expect([bench.outgoing.fits(200), bench.outgoing.fits(201)]).toEqual([true, false]);
    bench.push(1, 500);
    bench.takeOne();
    expect(bench.outgoing.fits(1)).toBe(false);
  });

  test('drops the messages that have not begun when the program is gone, and finishes the one that has', () => {
    const bench = new Bench(200);
    bench.push(1, 300);
    bench.push(2, 10);
    bench.push(undefined, 20);
    bench.outgoing.dropWaitingMessages();
    expect(bench.outgoing.messageCount).toBe(1);
    expect(bench.drain().frames).toMatchObject([{ data: { length: 300 } }, { data: { length: 20 } }]);
  });

  test('lets what is in the buffer and the control frames go when released', () => {
    const bench = new Bench(200);
    bench.push(1, 10);
    bench.push(2, 193 - 17, WAIT_FOR_ACK);
    bench.push(3, 50);
    bench.outgoing.pushControl({ type: 'close', code: 0, reason: 'bye' });
    bench.outgoing.release();
    const { frames, restBytes } = bench.drain();
    expect([typesOf(frames), restBytes]).toEqual([['message', 'message', 'close'], 0]);
    expect(bench.outgoing.isEmpty).toBe(true);
  });

  test('S21 stops in the middle of a half-written message when released, and says nothing behind it', () => {
    const bench = new Bench(200);
    bench.push(1, 10);
    bench.push(2, 300);
    bench.outgoing.pushControl({ type: 'close', code: 0, reason: 'bye' });
    bench.outgoing.release();
    const { frames, restBytes } = bench.drain();
    expect(typesOf(frames)).toEqual(['message']);
    expect(restBytes).toBe(200 - 17);
    expect(bench.outgoing.isEmpty).toBe(true);
  });

  test('finishes a half-written control frame when released', () => {
    const bench = new Bench(64);
    bench.outgoing.pushControl({
      type: 'refuse',
      code: 2,
      retryAfterMs: 0,
      versionMin: 1,
      versionMax: 1,
      reason: 'r'.repeat(200),
    });
    bench.outgoing.pushControl({ type: 'close', code: 0, reason: 'bye' });
    bench.outgoing.release();
    expect(typesOf(bench.drain().frames)).toEqual(['refuse', 'close']);
  });
});
