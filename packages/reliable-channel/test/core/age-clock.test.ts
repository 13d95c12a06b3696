import { expect, it } from 'vitest';
import { AgeClock, DOWNTIME_MAX_MS } from '../../src/core/index.js';

/** 1 January 2026, and 1 January 1970 at which a device boots that has not been told the time. */
const WALL_MS = 1_767_225_600_000;
const BOOT_MS = 12_000;

/** The age at `nowMs` of an outbox that was 5 s old when the wall clock was `savedWallMs`, opened at 100 ms. */
function ageAt(
  nowMs: number,
  savedWallMs: number,
  ...looks: readonly (readonly [nowMs: number, wallMs: number])[]
): number {
  const clock = new AgeClock({ ageMs: 5_000, wallMs: savedWallMs });
  for (const [atMs, wallMs] of looks) clock.look(atMs, wallMs);
  return clock.ageMs(nowMs);
}

it('goes with the monotonic clock, whatever the wall clock does while the process runs', () => {
  const looks = [
    [100, WALL_MS],
    [200, WALL_MS + 1e9],
    [300, 0],
  ] as const;
  expect(ageAt(1_100, WALL_MS, ...looks)).toBe(6_000);
});

it('counts the time between two processes by the wall clock', () => {
  expect(ageAt(100, WALL_MS, [100, WALL_MS + 3_600_000])).toBe(3_605_000);
  expect(ageAt(100, WALL_MS, [100, WALL_MS + DOWNTIME_MAX_MS])).toBe(5_000 + DOWNTIME_MAX_MS);
});

it.each([
  ['backwards', WALL_MS, WALL_MS - 1],
  ['further than a device is taken to be off', WALL_MS, WALL_MS + DOWNTIME_MAX_MS + 1],
  ['to 1970', WALL_MS, BOOT_MS],
  ['from 1970', BOOT_MS, WALL_MS],
])('counts no time when the wall clock has leapt %s', (_, savedWallMs, wallMs) => {
  expect(ageAt(100, savedWallMs, [100, wallMs])).toBe(5_000);
});

it('makes up for the time that was not counted when a device that booted in 1970 learns the time', () => {
  // It has run for 400 ms when it learns that an hour and 400 ms have passed since the commit.
  const looks = [
    [100, BOOT_MS],
    [500, WALL_MS + 3_600_400],
  ] as const;
  expect(ageAt(500, WALL_MS, ...looks)).toBe(5_000 + 3_600_000 + 400);
  // What was learnt once is kept.
  expect(ageAt(600, WALL_MS, ...looks, [600, WALL_MS])).toBe(5_000 + 3_600_000 + 500);
});

it('says whole milliseconds', () => {
  expect(ageAt(1_100.7, WALL_MS, [100.1, WALL_MS])).toBe(6_000);
});

it('does not leap once a message has been accepted, which would be older than it is then', () => {
  const clock = new AgeClock({ ageMs: 5_000, wallMs: WALL_MS });
  clock.look(100, BOOT_MS);
  clock.fix();
  clock.look(500, WALL_MS + 3_600_400);
  expect([clock.isOpen, clock.ageMs(500)]).toEqual([false, 5_400]);
});
