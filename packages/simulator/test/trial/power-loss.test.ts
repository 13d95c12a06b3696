import { describe, expect, it } from 'vitest';
import { powerLossScript, runPowerLoss } from '../../src/trial/power-loss.js';

const SCRIPT = powerLossScript(10);

describe('the script of a power loss', () => {
  it('asks for everything, in three lanes and both directions, and cuts links', () => {
    const all = <Key extends keyof (typeof SCRIPT.sends)[number]>(key: Key) =>
      new Set(SCRIPT.sends.map((send) => send[key])).size;
    expect([all('sender'), all('lane'), all('importance')]).toEqual([2, 3, 3]);
    expect(SCRIPT.faults.length).toBeGreaterThan(3);
    const times = SCRIPT.sends.map(({ atMs }) => atMs);
    expect(Math.max(...times)).toBeLessThan(SCRIPT.faultsOverMs);
  });

  it.each(['device-1', 'agent'])('cuts the power of %s once, in the commit that was named', async (program) => {
    const { report } = await runPowerLoss(SCRIPT, { program, commit: 5, moment: 'kept' });
    const torn = report.trace.filter((event) => event.what === 'commitTorn' && event.who === program);
    expect(torn).toEqual([expect.objectContaining({ commit: 5, applied: true })]);
    expect(report.violations).toEqual([]);
  });
});
