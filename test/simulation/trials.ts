// Many trials, one seed after another: what they add up to, and what must have been in them.

import { checkSameRun, faultKinds, runTrial, type Violation } from '@holdfast/simulator/trial';
import { expect } from 'vitest';

/** Every so many seeds one runs a second time, which must go the same way. */
const TWICE_ONE_IN = 10;
/** Broken promises that are shown. */
const SHOWN_MAX = 10;

/**
 * Runs the seeds from `first` to `last`. A broken promise fails with the seed and the command that shows its run.
 *
 * @returns how often each kind of event was, each fault as `fault <target> <fault>`
 */
export async function runTrials(first: number, last: number): Promise<Readonly<Record<string, number>>> {
  const totals: Record<string, number> = {};
  const broken: string[] = [];
  for (let seed = first; seed <= last; seed += 1) {
    const { counts, trace, violations } = await runTrial(seed);
    const again = seed % TWICE_ONE_IN === 0 ? await runTrial(seed) : undefined;
    const found: readonly Violation[] = [...violations, ...(again ? checkSameRun(trace, again.trace) : [])];
    broken.push(...found.map(({ check, message }) => `npm run simulate -- --seed ${seed}   ${check}: ${message}`));
    if (broken.length >= SHOWN_MAX) break;
    for (const [kind, count] of Object.entries(counts)) totals[kind] = (totals[kind] ?? 0) + count;
    const repeated = trace.filter((event) => event.what === 'handlerBegan' && event.attempt > 1);
    for (const event of trace) {
      if (event.what !== 'ended') continue;
      const kind = `ended ${event.status}`;
      totals[kind] = (totals[kind] ?? 0) + event.last - event.first + 1;
    }
    totals['repeated attempt'] = (totals['repeated attempt'] ?? 0) + repeated.length;
  }
  if (broken.length > 0) expect.fail(broken.slice(0, SHOWN_MAX).join('\n'));
  return totals;
}

/** What can go wrong besides the faults themselves, and how often it has at least in a hundred trials. */
const TROUBLE: Readonly<Record<string, number>> = {
  commitTorn: 5,
  commitFailed: 50,
  notStored: 200,
  handlerFailed: 100,
  agentCrashed: 20,
  crashed: 30,
  dropped: 20,
  // Of plain messages only: channels share the room in the agent's queue, and are not asked to come again for want of it.
  overloadBegan: 10,
  disconnected: 100,
  connectFailed: 200,
  'repeated attempt': 350,
  handlerRejected: 80,
  handlerAskedLater: 200,
  calledBack: 1_000,
  clockSet: 20,
  laneFreed: 5,
  'ended expired': 100,
  'ended evicted': 300,
  'ended cancelled': 300,
  'ended rejected': 100,
};

/** Every fault was there often, and so was every trouble that guarantees are for; trials without would show nothing. */
export function expectTrouble(totals: Readonly<Record<string, number>>, trials: number): void {
  const faults = faultKinds(['device-1']).map(({ target, fault }) => `fault ${target.replace(/-\d+$/, '')} ${fault}`);
  const least = new Map([...faults.map((fault) => [fault, 10] as const), ...Object.entries(TROUBLE)]);
  const rare = [...least].filter(([kind, count]) => (totals[kind] ?? 0) < (count * trials) / 100);
  expect(rare.map(([kind, count]) => `${kind}: ${totals[kind] ?? 0}, and at least ${count} in a hundred`)).toEqual([]);
}
