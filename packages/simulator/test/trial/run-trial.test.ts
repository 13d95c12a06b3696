import { describe, expect, it } from 'vitest';
import { runTrial } from '../../src/trial/run-trial.js';
import type { TraceEvent } from '../../src/trial/trace-event.js';

/** Seeds whose trials have crashes of devices and of the agent. */
const SEEDS = [1, 2, 3, 4, 5, 6, 7, 8];

describe('a trial', () => {
  it('goes the same way for the same seed, event by event, and another way for another', async () => {
    const hashes = new Set<string>();
    for (const seed of SEEDS) {
      const [first, again] = [await runTrial(seed), await runTrial(seed)];
      expect(again.trace).toEqual(first.trace);
      expect(again.traceHash).toBe(first.traceHash);
      hashes.add(first.traceHash);
    }
    expect(hashes.size).toBe(SEEDS.length);
  });

  it('lives through everything that is planned, and comes to rest with every promise kept', async () => {
    for (const seed of SEEDS) {
      const { plan, trace, violations, restMs } = await runTrial(seed);
      expect(violations).toEqual([]);
      expect(restMs).toBeLessThan(200_000);
      const of = (...kinds: TraceEvent['what'][]) => trace.filter(({ what }) => kinds.includes(what));
      expect(of('fault')).toHaveLength(plan.faults.length);
      // What is planned for a device that is off is not sent.
      expect(of('send', 'plainSend').length).toBeGreaterThan(0.5 * plan.sends.length);
      expect(of('started').length).toBe(plan.devices.length + of('crashed').length);
      expect(of('agentStarted').length).toBe(1 + of('agentCrashed').length);
      expect(of('left')).toHaveLength(2 * plan.devices.length);
      const times = trace.map(({ atMs }) => atMs);
      expect(times).toEqual([...times].sort((a, b) => a - b));
    }
  });

  it('has devices that go on with their outbox after a crash, and an agent that goes on with its inbox', async () => {
    const traces = [];
    for (const seed of SEEDS) traces.push((await runTrial(seed)).trace);
    const reopened = traces.flat().filter((event) => event.what === 'opened' && event.life > 1 && event.next > 1);
    expect(reopened.length).toBeGreaterThan(1);
    expect(traces.flat().filter(({ what }) => what === 'agentCrashed').length).toBeGreaterThan(1);
  });
});
