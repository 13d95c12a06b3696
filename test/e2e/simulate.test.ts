// The command that replays a simulated trial, as somebody runs it who has read a seed in a failure.

import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { runTrial } from '@holdfast/simulator/trial';
import { describe, expect, test } from 'vitest';

const SCRIPT = fileURLToPath(new URL('../../scripts/simulate.mjs', import.meta.url));
const run = (...args: string[]) => spawnSync(process.execPath, [SCRIPT, ...args], { encoding: 'utf8' });
const SEED = 3;

describe('npm run simulate', () => {
  test('shows what was drawn, what happened and the verdict of one seed, twice the same', async () => {
    const [first, again] = [run('--seed', `${SEED}`), run('--seed', `${SEED}`)];
    expect([first.status, first.stderr]).toEqual([0, '']);
    expect(again.stdout).toBe(first.stdout);
    expect(first.stdout).toMatch(/^seed 3: \d devices?, \d+ messages, \d+ faults until \d\d:\d\d\.\d{3}$/m);
    expect(first.stdout).toMatch(/^ {2}router\.latencyMs +\d+$/m);
    expect(first.stdout).toMatch(/^00:00\.000 {2}agent {10}agentStarted {5}life=1$/m);
    expect(first.stdout).toMatch(/^\d\d:\d\d\.\d{3} {2}\S+ +fault {12}fault=\w+ ms=\d+$/m);
    expect(first.stdout).toMatch(/^\d\d:\d\d\.\d{3} {2}\S+ +settled +n=\d+ status=acknowledged reply=.+$/m);
    // The build that the command runs and the source that tests run go the same way.
    const { traceHash } = await runTrial(SEED);
    expect(first.stdout.trimEnd().split('\n').at(-1)).toBe(`seed 3: every promise kept, trace ${traceHash}`);
  });

  test('runs a range and sums it up', () => {
    const { status, stdout } = run('--from', '1', '--to', '3');
    expect([status, stdout]).toEqual([0, '3 of 3 seeds, 0 broken\n']);
  });

  test.each([
    [[], 'give --seed, or --from and --to'],
    [['--seed', 'x'], '--seed must be an integer from 0 to 2^53 - 1, not x'],
    [['--from', '5', '--to', '1'], '--to must not be below --from'],
    [['--seed', '1', '--to', '1'], 'give --seed, or --from and --to'],
    [['--sead', '1'], "Unknown option '--sead'"],
  ])('%j ends with one clear line', (args, message) => {
    const { status, stdout, stderr } = run(...args);
    expect([status, stdout]).toEqual([2, '']);
    expect(stderr).toMatch(/^simulate: .*; usage: npm run simulate -- --seed N, or -- --from A --to B\n$/);
    expect(stderr).toContain(message);
  });
});
