import type { ChannelFrame } from '@holdfast/protocol/core';
import type { ChannelHalf, FrameCarrier, FrameCarrierEvents } from '@holdfast/transport';
import { describe, expect, it } from 'vitest';
import { BoundedCarrier, UNREAD_FRAMES_MAX, UNREAD_RESULTS_MAX_BYTES } from '../src/bounded-carrier.js';

const EPOCH = '00000000000000aa';

function ack(cumulative: number, lane = ''): ChannelFrame {
  return { type: 'ack', epoch: EPOCH, credit: 1, lane, handled: { cumulative, ranges: [] } };
}

function results(sequence: number, bytes: number): ChannelFrame {
  const value = new Uint8Array(bytes);
  return { type: 'results', epoch: EPOCH, lane: '', results: [{ sequence, kind: 'reply', value }] };
}

function nack(from: number): ChannelFrame {
  return { type: 'nack', epoch: EPOCH, code: 2, lane: '', from, retryAfterMs: 0, reason: '' };
}

/** A carrier with room for so many frames. */
class FakeCarrier implements FrameCarrier {
  readonly sent: ChannelFrame[] = [];
  isUp = true;
  freeBytes = 1;
  events: FrameCarrierEvents | undefined;

  sendFrame(frame: ChannelFrame): void {
    this.sent.push(frame);
    this.freeBytes -= 1;
  }

  attach(_half: ChannelHalf, events: FrameCarrierEvents): () => void {
    this.events = events;
    return () => {
      this.events = undefined;
    };
  }

  makeRoom(frames: number): void {
    this.freeBytes = frames;
    this.events?.writable();
  }
}

function setUp() {
  const below = new FakeCarrier();
  const told: string[] = [];
  const carrier = new BoundedCarrier(below, () => told.push('overflow'));
  const detach = carrier.attach('receiving', {
    up: () => told.push('up'),
    down: () => told.push('down'),
    writable: () => told.push('writable'),
    frame: (frame) => told.push(frame.type),
  });
  return { below, carrier, told, detach };
}

describe('BoundedCarrier', () => {
  it('hands frames on while there is room, and holds them while there is none, in order', () => {
    const { below, carrier, told } = setUp();
    for (const n of [1, 2, 3, 4]) carrier.sendFrame(nack(n));
    expect(below.sent).toEqual([nack(1)]);
    expect([carrier.heldCount, carrier.freeBytes]).toEqual([3, 0]);
    below.makeRoom(2);
    expect(below.sent).toEqual([1, 2, 3].map(nack));
    expect(told).toEqual([]);
    below.makeRoom(2);
    expect(below.sent).toEqual([1, 2, 3, 4].map(nack));
    expect(told).toEqual(['writable']);
  });

  it('keeps only the latest ack of those that wait, behind what came before it', () => {
    const { below, carrier } = setUp();
    carrier.sendFrame(ack(1));
    for (let n = 2; n <= 10 * UNREAD_FRAMES_MAX; n++) carrier.sendFrame(ack(n));
    carrier.sendFrame(nack(7));
    carrier.sendFrame(ack(9_000));
    expect(carrier.heldCount).toBe(2);
    below.makeRoom(10);
    expect(below.sent).toEqual([ack(1), nack(7), ack(9_000)]);
  });

  it('keeps the latest ack of every lane', () => {
    const { below, carrier } = setUp();
    carrier.sendFrame(nack(1));
    for (let n = 1; n <= 20; n++) for (const lane of ['a', 'b']) carrier.sendFrame(ack(n, lane));
    expect(carrier.heldCount).toBe(2);
    below.makeRoom(10);
    expect(below.sent).toEqual([nack(1), ack(20, 'a'), ack(20, 'b')]);
  });

  it('keeps every result, before the ack that follows it', () => {
    const { below, carrier } = setUp();
    const frames = [nack(1), results(1, 5), ack(1), results(2, 5), ack(2)];
    for (const frame of frames) carrier.sendFrame(frame);
    below.makeRoom(10);
    expect(below.sent).toEqual([nack(1), results(1, 5), results(2, 5), ack(2)]);
  });

  it('holds so many bytes of results, and calls for help with one more', () => {
    const { below, carrier, told } = setUp();
    carrier.sendFrame(nack(1));
    for (let n = 0; n < 4; n++) carrier.sendFrame(results(1, UNREAD_RESULTS_MAX_BYTES / 4));
    expect(told).toEqual([]);
    below.makeRoom(1);
    carrier.sendFrame(results(2, UNREAD_RESULTS_MAX_BYTES / 4));
    expect(told).toEqual([]);
    carrier.sendFrame(results(3, 1));
    expect([told, carrier.heldCount]).toEqual([['overflow'], 0]);
  });

  it('holds so many frames, and calls for help with one more', () => {
    const { carrier, told } = setUp();
    for (let n = 1; n <= UNREAD_FRAMES_MAX + 1; n++) carrier.sendFrame(nack(n));
    expect(carrier.heldCount).toBe(UNREAD_FRAMES_MAX);
    expect(told).toEqual([]);
    carrier.sendFrame(nack(1));
    expect(told).toEqual(['overflow']);
    expect(carrier.heldCount).toBe(0);
  });

  it('forgets what it holds when the connection goes', () => {
    const { below, carrier, told } = setUp();
    for (const n of [1, 2]) carrier.sendFrame(nack(n));
    below.isUp = false;
    below.events?.down();
    expect(carrier.heldCount).toBe(0);
    carrier.sendFrame(nack(3));
    expect(carrier.heldCount).toBe(0);
    expect(told).toEqual(['down']);
  });

  it('hands events on until it is let go', () => {
    const { below, carrier, told, detach } = setUp();
    below.events?.up();
    below.events?.frame(ack(1));
    expect(told).toEqual(['up', 'ack']);
    expect(carrier.isUp).toBe(true);
    detach();
    expect(below.events).toBeUndefined();
  });
});
