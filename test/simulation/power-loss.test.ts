// Goal: the power may go in any commit of either end, at any moment of it, and no guarantee is broken. Method: a script of a
// hundred operations in virtual time, through the public API: sends of every importance in three lanes in both directions, with
// deadlines, keys and calls back, handlers that reply, refuse and fail, and links that are cut. It runs once for every commit in
// it and every moment of the commit, and the checks of the trials read each trace.

import { POWER_CUT_MOMENTS, powerLossScript, runPowerLoss } from '@holdfast/simulator/trial';
import { describe, expect, it } from 'vitest';

const SCRIPT = powerLossScript(10);
const SHOWN_MAX = 10;

describe.each(['device-1', 'agent'])('the power of %s', (program) => {
  it('may go in any commit, at any moment of it', { timeout: 300_000 }, async () => {
    const whole = await runPowerLoss(SCRIPT);
    expect(whole.report.violations).toEqual([]);
    const { counts } = whole.report;
    // A script in which nothing happens would show nothing.
    for (const what of ['handlerRejected', 'handlerFailed', 'disconnected', 'calledBack', 'notStored'])
      expect(counts[what], what).toBeGreaterThan(0);
    const commits = whole.commits.get(program) ?? 0;
    expect(commits).toBeGreaterThan(40);
    const broken: string[] = [];
    for (let commit = 1; commit <= commits; commit += 1) {
      for (const moment of POWER_CUT_MOMENTS) {
        const { report } = await runPowerLoss(SCRIPT, { program, commit, moment });
        const crashes = report.trace.filter(({ what }) => what === 'crashed' || what === 'agentCrashed');
        expect(crashes.length, `commit ${commit}, ${moment}`).toBe(1);
        broken.push(
          ...report.violations.map(({ check, message }) => `commit ${commit}, ${moment}: ${check}: ${message}`),
        );
      }
    }
    if (broken.length > 0) expect.fail(broken.slice(0, SHOWN_MAX).join('\n'));
  });
});
