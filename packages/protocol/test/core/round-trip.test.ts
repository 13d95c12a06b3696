import { describe, expect, it } from 'vitest';
import { RoundTrip } from '../../src/core/index.js';

const OPTIONS = { initialMs: 1_000, minMs: 200, maxMs: 60_000 };

describe('RoundTrip', () => {
  it('waits the initial time before anything is measured', () => {
    const roundTrip = new RoundTrip(OPTIONS);
    expect(roundTrip.smoothedMs).toBeUndefined();
    expect(roundTrip.timeoutMs).toBe(1_000);
  });

  // RFC 6298, section 2. First measurement R: SRTT = R, RTTVAR = R / 2. Then RTTVAR = 3/4 RTTVAR + 1/4 |SRTT - R| with the
  // old SRTT, and SRTT = 7/8 SRTT + 1/8 R. RTO = SRTT + 4 RTTVAR.
  it.each([
    [[100], 100, 100 + 4 * 50],
    [[100, 120], 102.5, 102.5 + 4 * 42.5],
    [[100, 120, 80], 99.6875, 99.6875 + 4 * 37.5],
  ])('follows the worked example: %j', (measurements, smoothedMs, timeoutMs) => {
    const roundTrip = new RoundTrip(OPTIONS);
    for (const measurement of measurements) roundTrip.measured(measurement);
    expect(roundTrip.smoothedMs).toBeCloseTo(smoothedMs, 9);
    expect(roundTrip.timeoutMs).toBeCloseTo(timeoutMs, 9);
  });

  it('comes down to a steady round trip, and not below the minimum', () => {
    const roundTrip = new RoundTrip(OPTIONS);
    for (let round = 0; round < 200; round++) roundTrip.measured(500);
    expect(roundTrip.smoothedMs).toBeCloseTo(500, 6);
    expect(roundTrip.timeoutMs).toBeCloseTo(500, 6);
    for (let round = 0; round < 200; round++) roundTrip.measured(1);
    expect(roundTrip.timeoutMs).toBe(200);
  });

  it('doubles while no ack comes, up to the maximum, and ends that with a measurement', () => {
    const roundTrip = new RoundTrip(OPTIONS);
    const waits = Array.from({ length: 8 }, () => {
      roundTrip.backOff();
      return roundTrip.timeoutMs;
    });
    expect(waits).toEqual([2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000, 60_000]);
    roundTrip.measured(100);
    expect(roundTrip.timeoutMs).toBe(300);
  });

  it('stays within its bounds for a huge measurement', () => {
    const roundTrip = new RoundTrip(OPTIONS);
    roundTrip.measured(1e9);
    expect(roundTrip.timeoutMs).toBe(60_000);
  });

  it('takes a measurement of nothing', () => {
    const roundTrip = new RoundTrip(OPTIONS);
    roundTrip.measured(0);
    expect(roundTrip.smoothedMs).toBe(0);
    expect(roundTrip.timeoutMs).toBe(200);
  });
});
