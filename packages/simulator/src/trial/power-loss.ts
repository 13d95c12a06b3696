// A script in which one device and its agent do everything that a channel can do, and the power goes in one commit of one of
// them. Run for every commit and every moment in it, it shows that there is no moment in which a channel may not be cut off.

import type { PowerCutMoment } from './disk.js';
import type { PlannedFault } from './fault-plan.js';
import { type PlannedPowerCut, type PlanReport, runPlan } from './run-trial.js';
import { drawTrial, type PlannedSend, type TrialPlan } from './trial-plan.js';

/** Every moment of a commit in which the power can go. */
export const POWER_CUT_MOMENTS: readonly PowerCutMoment[] = ['asked', 'lost', 'kept', 'told'];

const DEVICE = 'device-1';
/** Sends of the script. */
const SENDS = 80;
const SEND_EVERY_MS = 250;
/** Links are cut this often, and every second time the server is away so long, in milliseconds. */
const CUT_EVERY_MS = 4_100;
const CUT_MS = 2_000;
const LANES = ['', 'alarms', 'logs'];

/** The script. Its seed decides what handlers answer, and when what comes. */
export function powerLossScript(seed: number): TrialPlan {
  const sends = Array.from({ length: SENDS }, (_, index) => sendAt(index));
  const durationMs = SENDS * SEND_EVERY_MS;
  const cuts = Array.from({ length: Math.floor(durationMs / CUT_EVERY_MS) }, (_, index): PlannedFault => {
    const atMs = (index + 1) * CUT_EVERY_MS - 1_000;
    return { atMs, ms: CUT_MS, target: 'server', fault: index % 2 === 0 ? 'reset' : 'powerOff' };
  });
  const faults: PlannedFault[] = [
    ...cuts,
    { atMs: durationMs / 4, ms: 2_000, target: 'agent', fault: 'failingHandlers' },
  ];
  faults.sort((a, b) => a.atMs - b.atMs);
  const { limits, ...plan } = drawTrial(seed);
  return {
    ...plan,
    devices: [DEVICE],
    path: {
      chip: { capacityBytes: 11_520 },
      accessPoint: { capacityBytes: 65_536 },
      router: { capacityBytes: 65_536 },
    },
    limits: {
      ...limits,
      ...{ outboxMaxMessages: 40, whenFull: 'evict', maxAttempts: 2, windowMaxMessages: 8 },
      ...{ agentQueueMaxMessages: 10_000, creditMessages: 1_024, reconnectMaxMs: 4_000, commitMaxMs: 40 },
    },
    lanes: Object.fromEntries(LANES.map((lane, index) => [lane, { priority: index }])),
    stuckLane: undefined,
    sends,
    faults,
    faultsOverMs: durationMs + 1_000,
  };
}

/** Runs a script with the power going once, or, without a cut, never. */
export function runPowerLoss(script: TrialPlan, cut?: PlannedPowerCut): Promise<PlanReport> {
  return runPlan(script, cut);
}

/** What is asked for goes round with periods that have no common divisor, so that all comes with all. */
function sendAt(index: number): PlannedSend {
  const of = <Item>(items: readonly Item[]): Item => items[index % items.length] as Item;
  return {
    // Two and three in one turn, too.
    atMs: Math.floor(index / of([1, 2, 3])) * of([1, 2, 3]) * SEND_EVERY_MS,
    device: DEVICE,
    sender: index % 4 === 3 ? 'agent' : 'device',
    bytes: 20 + (index % 7) * 30,
    lane: of(LANES),
    importance: of(['critical', 'high', 'critical', 'low', 'critical']),
    ttlMs: of([0, 0, 400, 0, 0, 5_000, 0]),
    coalesceKey: of(['', '', '', '', '', '', '', '', 'level', 'level', '']),
    maxAttempts: of([0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 3]),
    cancelAfterMs: index % 17 === 5 ? 0 : undefined,
    plain: undefined,
  };
}
