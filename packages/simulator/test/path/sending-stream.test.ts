import { describe, expect, it } from 'vitest';
import { SendingStream } from '../../src/path/sending-stream.js';

const OPTIONS = { retransmitMs: 100, retransmitMaxMs: 1_000, unansweredMaxMs: 10_000 };
const BYTES = new Uint8Array(10);

/** An open stream at time 0, with so many units of 10 bytes under way. The first is at sequence 1. */
function openStream(units: number): SendingStream {
  const stream = new SendingStream(OPTIONS);
  stream.push('open', new Uint8Array(0), 0);
  stream.onAck(1, 0, 0);
  for (let i = 0; i < units; i += 1) stream.push('data', BYTES, 0);
  return stream;
}

describe('acknowledgements', () => {
  it('count places: an opening and an end are one each', () => {
    const stream = openStream(2);
    stream.push('end', new Uint8Array(0), 0);
    expect([stream.nextSequence, stream.isAcked]).toEqual([22, false]);
    expect(stream.onAck(1, 0, 1)).toEqual({ freedBytes: 0, repeat: undefined });
    expect(stream.onAck(21, 0, 1)).toEqual({ freedBytes: 20, repeat: undefined });
    expect(stream.onAck(21, 0, 1)).toEqual({ freedBytes: 0, repeat: undefined });
    stream.onAck(22, 0, 1);
    expect([stream.isAcked, stream.nextTimeoutMs]).toEqual([true, Number.POSITIVE_INFINITY]);
  });

  it('free whole units only', () => {
    const stream = openStream(2);
    expect(stream.onAck(20, 0, 1).freedBytes).toBe(10);
  });
});

describe('the timer', () => {
  it('is not due before its time', () => {
    const stream = openStream(1);
    expect(stream.nextTimeoutMs).toBe(100);
    expect(stream.onTimeout(99)).toBe('wait');
    expect(stream.onTimeout(100)).toMatchObject({ sequence: 1, bytes: BYTES });
  });

  it('doubles up to its limit, and begins anew with progress', () => {
    const stream = openStream(2);
    const waits: number[] = [];
    let nowMs = 0;
    for (let i = 0; i < 6; i += 1) {
      waits.push(stream.nextTimeoutMs - nowMs);
      nowMs = stream.nextTimeoutMs;
      stream.onTimeout(nowMs);
    }
    expect(waits).toEqual([100, 200, 400, 800, 1_000, 1_000]);
    stream.onAck(11, nowMs - 1, nowMs);
    expect(stream.nextTimeoutMs).toBe(nowMs + 100);
  });

  it('follows the measured round trip, also of what was sent twice', () => {
    const stream = openStream(2);
    stream.onTimeout(100);
    stream.onAck(11, 0, 500);
    // The smoothed mean of 0 and 500, and four times the deviation.
    expect(stream.nextTimeoutMs).toBeGreaterThan(500 + 400);
  });

  it('fills one hole after the other once it has fired', () => {
    const stream = openStream(4);
    stream.onTimeout(100);
    expect(stream.onAck(11, 100, 150).repeat).toMatchObject({ sequence: 11 });
    expect(stream.onAck(31, 150, 200).repeat).toMatchObject({ sequence: 31 });
    stream.push('data', BYTES, 200);
    // What was sent after it fired is not taken for lost.
    expect(stream.onAck(41, 200, 250).repeat).toBeUndefined();
  });

  it('sends nothing again that has not left yet', () => {
    const stream = openStream(0);
    const unit = stream.push('data', BYTES, 0);
    unit.transmission = { isWithSender: true };
    expect(stream.onTimeout(100)).toBe('wait');
    expect(stream.nextTimeoutMs).toBe(200);
    unit.transmission = { isWithSender: false };
    expect(stream.onTimeout(200)).toBe(unit);
  });
});

describe('an end that does not answer', () => {
  it('is dead at the limit, and not a millisecond before', () => {
    const stream = openStream(1);
    while (stream.nextTimeoutMs < 10_000) expect(stream.onTimeout(stream.nextTimeoutMs)).toMatchObject({ sequence: 1 });
    expect(stream.nextTimeoutMs).toBe(10_000);
    expect(stream.onTimeout(9_999)).toBe('wait');
    expect(stream.onTimeout(10_000)).toBe('dead');
  });

  it('has until the limit anew with every progress', () => {
    const stream = openStream(2);
    stream.onAck(11, 9_000, 9_000);
    for (let i = 0; i < 99 && stream.nextTimeoutMs < 19_000; i += 1) {
      expect(stream.onTimeout(stream.nextTimeoutMs)).not.toBe('dead');
    }
    expect(stream.onTimeout(19_000)).toBe('dead');
  });

  it('is waited for without end by an opening', () => {
    const stream = new SendingStream(OPTIONS);
    const unit = stream.push('open', new Uint8Array(0), 0);
    for (let i = 0; i < 100; i += 1) expect(stream.onTimeout(stream.nextTimeoutMs)).toBe(unit);
    expect(stream.nextTimeoutMs).toBeGreaterThan(90_000);
  });
});
