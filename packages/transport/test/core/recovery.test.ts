// The table at the top of recovery.ts, row by row.

import { describe, expect, test } from 'vitest';
import { Recovery, type RecoveryInput, type RecoveryOutput, type RecoveryState } from '../../src/core/index.js';

const OPTIONS = { graceMs: 60_000, suspendMs: 60_000, snoozeMs: 540_000 };
const LOST_RETURN: RecoveryInput = { type: 'lost', suspends: false };
const LOST_SUSPEND: RecoveryInput = { type: 'lost', suspends: true };
const NEEDED: RecoveryInput = { type: 'needed' };
const CONNECTED: RecoveryInput = { type: 'connected' };
const NOT_WANTED: RecoveryInput = { type: 'notWanted' };

class Bench {
  readonly core = new Recovery(OPTIONS);
  nowMs = 0;

  feed(input: RecoveryInput | { readonly type: 'timeout' }): RecoveryOutput[] {
    this.core.handle(input, this.nowMs);
    const outputs: RecoveryOutput[] = [];
    for (let output = this.core.poll(); output !== undefined; output = this.core.poll()) outputs.push(output);
    return outputs;
  }

  /** Waits for the core's deadline and returns what it does then. */
  pass(): RecoveryOutput[] {
    this.nowMs = this.core.nextTimeoutMs() as number;
    return this.feed({ type: 'timeout' });
  }
}

/** A bench in each state, and when that state is over. */
const STATES: Record<RecoveryState, () => [Bench, number | undefined]> = {
  steady: () => [new Bench(), undefined],
  recovering: () => {
    const bench = new Bench();
    bench.feed(LOST_RETURN);
    return [bench, 60_000];
  },
  suspended: () => {
    const bench = new Bench();
    bench.feed(LOST_SUSPEND);
    return [bench, 60_000];
  },
  snoozing: () => {
    const [bench] = STATES.suspended();
    bench.pass();
    return [bench, 600_000];
  },
  waking: () => {
    const [bench] = STATES.snoozing();
    bench.pass();
    return [bench, 660_000];
  },
};

const SUSPENDS: RecoveryOutput[] = [{ type: 'suspend' }, { type: 'dial' }];
const RESUME: RecoveryOutput = { type: 'resume', hasSnoozed: false };
const RESUME_SNOOZED: RecoveryOutput = { type: 'resume', hasSnoozed: true };

const TABLE: readonly [RecoveryState, RecoveryInput, RecoveryState, readonly RecoveryOutput[]][] = [
  ['steady', LOST_RETURN, 'recovering', [{ type: 'dial' }]],
  ['steady', LOST_SUSPEND, 'suspended', SUSPENDS],
  ['steady', NEEDED, 'suspended', SUSPENDS],
  ['steady', CONNECTED, 'steady', []],
  ['steady', NOT_WANTED, 'steady', []],
  ['recovering', LOST_RETURN, 'recovering', []],
  ['recovering', LOST_SUSPEND, 'suspended', SUSPENDS],
  ['recovering', NEEDED, 'suspended', SUSPENDS],
  ['recovering', CONNECTED, 'steady', []],
  ['recovering', NOT_WANTED, 'steady', [{ type: 'rest' }]],
  ['suspended', LOST_RETURN, 'suspended', []],
  ['suspended', LOST_SUSPEND, 'suspended', []],
  ['suspended', NEEDED, 'suspended', []],
  ['suspended', CONNECTED, 'steady', [RESUME]],
  ['suspended', NOT_WANTED, 'steady', [{ type: 'rest' }, RESUME]],
  ['snoozing', LOST_RETURN, 'snoozing', []],
  ['snoozing', LOST_SUSPEND, 'snoozing', []],
  ['snoozing', NEEDED, 'snoozing', []],
  ['snoozing', CONNECTED, 'steady', [RESUME_SNOOZED]],
  ['snoozing', NOT_WANTED, 'steady', [RESUME_SNOOZED]],
  ['waking', LOST_RETURN, 'waking', []],
  ['waking', LOST_SUSPEND, 'waking', []],
  ['waking', NEEDED, 'waking', []],
  ['waking', CONNECTED, 'steady', [RESUME_SNOOZED]],
  ['waking', NOT_WANTED, 'steady', [{ type: 'rest' }, RESUME_SNOOZED]],
];

describe('Recovery', () => {
  test.each(TABLE)('%s, told %j, is %s', (from, input, to, outputs) => {
    const [bench, untilMs] = STATES[from]();
    expect([bench.core.state, bench.core.nextTimeoutMs()]).toEqual([from, untilMs]);
    expect(bench.feed(input)).toEqual(outputs);
    expect(bench.core.state).toBe(to);
    // What changes nothing does not lengthen anything either.
    if (from === to) expect(bench.core.nextTimeoutMs()).toBe(untilMs);
  });

  test('the table has every state and every input', () => {
    expect(TABLE).toHaveLength(Object.keys(STATES).length * 5);
  });

  test('S32 declares a loss after the grace, and dials no more', () => {
    const [bench] = STATES.recovering();
    bench.nowMs = 59_999;
    expect(bench.feed({ type: 'timeout' })).toEqual([]);
    expect(bench.pass()).toEqual([{ type: 'rest' }, { type: 'lossDeclared' }]);
    expect([bench.core.state, bench.core.nextTimeoutMs()]).toEqual(['steady', undefined]);
  });

  test('S26 tries for 60 s, snoozes for nine minutes, wakes for 60 s, and so on', () => {
    const [bench] = STATES.suspended();
    const seen: [number, RecoveryOutput[]][] = [];
    for (let round = 0; round < 5; round++) {
      const outputs = bench.pass();
      seen.push([bench.nowMs, outputs]);
    }
    expect(seen).toEqual([
      [60_000, [{ type: 'rest' }, { type: 'snooze' }]],
      [600_000, [{ type: 'dial' }]],
      [660_000, [{ type: 'rest' }]],
      [1_200_000, [{ type: 'dial' }]],
      [1_260_000, [{ type: 'rest' }]],
    ]);
  });

  test('every loss has a whole time of its own', () => {
    const [bench] = STATES.recovering();
    bench.nowMs = 50_000;
    bench.feed(CONNECTED);
    bench.feed(LOST_RETURN);
    expect(bench.core.nextTimeoutMs()).toBe(110_000);
  });
});
