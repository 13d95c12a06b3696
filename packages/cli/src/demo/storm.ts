// The storm that all three ways go through: what happens to network, agent and device, and when. It is drawn from a seed
// alone, so the same seed is the same storm.

import { randomInteger, seededRandom } from '@holdfast/simulator';

/** What can happen. */
export type FaultKind = 'cut' | 'blackHole' | 'refuse' | 'overload' | 'agentKill' | 'deviceKill';

/** One thing that happens. */
export interface Fault {
  readonly kind: FaultKind;
  /** From the first reading on, in milliseconds. */
  readonly atMs: number;
  /** How long it lasts, in milliseconds; 0 for what is over at once. */
  readonly durationMs: number;
}

/** What each fault is, for people. */
export const FAULT_TEXT: Readonly<Record<FaultKind, string>> = {
  cut: 'link cut',
  blackHole: 'black hole: bytes vanish, nobody is told',
  refuse: 'link down: nobody answers',
  overload: 'agent overloaded',
  agentKill: 'agent killed (SIGKILL), then restarted',
  deviceKill: 'device killed (SIGKILL), then restarted (reliable channel only)',
};

/** How often each fault comes, and the range of its length in milliseconds. */
const INGREDIENTS: readonly {
  readonly kind: FaultKind;
  readonly count: number;
  readonly min: number;
  readonly max: number;
}[] = [
  { kind: 'cut', count: 4, min: 0, max: 0 },
  { kind: 'blackHole', count: 1, min: 2_000, max: 2_800 },
  { kind: 'refuse', count: 1, min: 500, max: 900 },
  { kind: 'overload', count: 1, min: 1_400, max: 2_000 },
  { kind: 'agentKill', count: 1, min: 600, max: 1_000 },
  { kind: 'deviceKill', count: 1, min: 400, max: 700 },
];

/** Calm before the first fault and behind the last one, as parts of the stream. */
const CALM = 0.06;
/** Calm between two faults, in milliseconds: long enough for readings to flow, so that the next fault hits some. */
const GAP_MIN_MS = 500;

/** Draws the storm for a stream of `streamMs` (at least 15 s). */
export function drawStorm(seed: number, streamMs: number): Fault[] {
  const random = seededRandom(seed);
  const faults = INGREDIENTS.flatMap(({ kind, count, min, max }) =>
    Array.from({ length: count }, () => ({ kind, durationMs: randomInteger(random, { min, max }) })),
  );
  for (let index = faults.length - 1; index > 0; index--) {
    const other = randomInteger(random, { min: 0, max: index });
    [faults[index], faults[other]] = [faults[other] as (typeof faults)[0], faults[index] as (typeof faults)[0]];
  }
  const busyMs = faults.reduce((sum, { durationMs }) => sum + durationMs + GAP_MIN_MS, 0);
  const spareMs = Math.max(0, streamMs * (1 - 2 * CALM) - busyMs);
  const shares = faults.map(() => randomInteger(random, { min: 1, max: 100 }));
  const total = shares.reduce((sum, share) => sum + share, 0);
  let atMs = streamMs * CALM;
  return faults.map(({ kind, durationMs }, index) => {
    atMs += (spareMs * (shares[index] as number)) / total;
    const fault = { kind, durationMs, atMs: Math.round(atMs) };
    atMs += durationMs + GAP_MIN_MS;
    return fault;
  });
}
