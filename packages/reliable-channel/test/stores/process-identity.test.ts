import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { isAlive, thisProcess } from '../../src/stores/process-identity.js';

/** Whether this system tells when a process was started. */
const tellsStart = thisProcess().startedAt !== undefined;

describe('this process', () => {
  it('is alive, and always has the same identity', () => {
    expect(thisProcess()).toEqual(thisProcess());
    expect(thisProcess().pid).toBe(process.pid);
    expect(isAlive(thisProcess())).toBe(true);
  });

  it('is taken for alive when the start was not noted', () => {
    expect(isAlive({ pid: process.pid })).toBe(true);
  });

  it.runIf(tellsStart)('is not the one that had its number and was started at another time', () => {
    expect(isAlive({ pid: process.pid, startedAt: `${thisProcess().startedAt}0` })).toBe(false);
  });

  it.runIf(tellsStart)('is not the one that had its number and its start in an earlier boot', () => {
    const [boot, ticks] = (thisProcess().startedAt as string).split('/');
    expect(boot).toMatch(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
    expect(isAlive({ pid: process.pid, startedAt: `00000000-0000-0000-0000-000000000000/${ticks}` })).toBe(false);
  });
});

describe('a child', () => {
  let child: ChildProcess;
  let pid: number;

  beforeEach(async () => {
    child = spawn(process.execPath, ['-e', 'process.stdin.resume()'], { stdio: ['pipe', 'ignore', 'inherit'] });
    await once(child, 'spawn');
    pid = child.pid as number;
  });

  afterEach(() => {
    child.kill('SIGKILL');
  });

  it('is alive until it is killed', async () => {
    expect(isAlive({ pid })).toBe(true);
    const exit = once(child, 'exit');
    child.kill('SIGKILL');
    await exit;
    expect(isAlive({ pid })).toBe(false);
    expect(isAlive({ pid, startedAt: 'any/1' })).toBe(false);
  });

  it.runIf(tellsStart)('is dead before its parent notices', () => {
    child.kill('SIGKILL');
    // As long as this turn lasts Node does not notice, and the system keeps the process number.
    const deadlineMs = performance.now() + 10_000;
    while (isAlive({ pid }) && performance.now() < deadlineMs);
    expect(isAlive({ pid })).toBe(false);
    expect(() => process.kill(pid, 0)).not.toThrow();
  });
});
