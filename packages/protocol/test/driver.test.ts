import { describe, expect, it } from 'vitest';
import { InvariantError, type Machine, type TimeoutInput } from '../src/core/index.js';
import { Driver } from '../src/driver.js';
import { FakeRuntime } from './support/fake-runtime.js';

/** Sends a number of outputs for each number it is fed, and notes everything that is done to it. */
class Recorder implements Machine<number | 'say deadline' | 'break', string> {
  readonly log: string[] = [];
  deadlineMs: number | undefined;
  #outputs: string[] = [];

  handle(input: number | 'say deadline' | 'break' | TimeoutInput, nowMs: number): void {
    if (input === 'break') throw new InvariantError('broken');
    if (typeof input === 'object') {
      this.log.push(`timeout at ${nowMs}`);
      if (this.deadlineMs !== undefined && nowMs >= this.deadlineMs) this.deadlineMs = undefined;
    } else {
      this.log.push(`handle ${input} at ${nowMs}`);
      if (typeof input === 'number') for (let n = 1; n <= input; n++) this.#outputs.push(`output ${n} of ${input}`);
    }
  }

  poll(): string | undefined {
    return this.#outputs.shift();
  }

  nextTimeoutMs(): number | undefined {
    return this.deadlineMs;
  }
}

function setUp(apply?: (output: string, driver: Driver<number | 'say deadline' | 'break', string>) => void) {
  const machine = new Recorder();
  const runtime = new FakeRuntime();
  const driver: Driver<number | 'say deadline' | 'break', string> = new Driver(machine, runtime, (output) => {
    machine.log.push(output);
    apply?.(output, driver);
  });
  const deadline = (deadlineMs: number | undefined): void => {
    machine.deadlineMs = deadlineMs;
    driver.feed('say deadline');
  };
  return { machine, runtime, driver, deadline };
}

describe('Driver', () => {
  it('feeds one input and takes every output', () => {
    const { machine, runtime, driver } = setUp();
    runtime.advance(5);
    driver.feed(2);
    expect(machine.log).toEqual(['handle 2 at 5', 'output 1 of 2', 'output 2 of 2']);
  });

  it('feeds what an output caused after the outputs at hand', () => {
    const { machine, driver } = setUp((output, self) => {
      if (output === 'output 1 of 2') self.feed(1);
    });
    driver.feed(2);
    expect(machine.log).toEqual(['handle 2 at 0', 'output 1 of 2', 'output 2 of 2', 'handle 1 at 0', 'output 1 of 1']);
  });

  it('says whether it is feeding', () => {
    const seen: boolean[] = [];
    const { driver } = setUp((_, self) => void seen.push(self.isFeeding));
    seen.push(driver.isFeeding);
    driver.feed(1);
    seen.push(driver.isFeeding);
    expect(seen).toEqual([false, true, false]);
  });

  it('feeds a timeout at the deadline, once', () => {
    const { machine, runtime, deadline } = setUp();
    deadline(100);
    runtime.advance(99);
    expect(machine.log).toEqual(['handle say deadline at 0']);
    runtime.advance(10_000);
    expect(machine.log).toEqual(['handle say deadline at 0', 'timeout at 100']);
    expect(runtime.dueTimesMs).toEqual([]);
  });

  it('brings the timer forward when the deadline comes nearer', () => {
    const { machine, runtime, deadline } = setUp();
    deadline(100);
    deadline(40);
    expect(runtime.dueTimesMs).toEqual([40]);
    runtime.advance(40);
    expect(machine.log.at(-1)).toBe('timeout at 40');
  });

  it('sets no timer while the deadline only moves away, and still keeps it', () => {
    const { machine, runtime, deadline } = setUp();
    for (let deadlineMs = 100; deadlineMs <= 200; deadlineMs++) deadline(deadlineMs);
    expect(runtime.timersSet).toBe(1);
    runtime.advance(1_000);
    expect(machine.log.slice(-2)).toEqual(['timeout at 100', 'timeout at 200']);
    expect(runtime.timersSet).toBe(2);
  });

  it('ends its timer when the deadline goes, so that the process can end', () => {
    const { machine, runtime, deadline } = setUp();
    deadline(100);
    deadline(undefined);
    expect(runtime.dueTimesMs).toEqual([]);
    runtime.advance(1_000);
    expect(machine.log.at(-1)).toBe('handle say deadline at 0');
  });

  it('asks at once for a deadline that has passed', () => {
    const { machine, runtime, deadline } = setUp();
    runtime.advance(50);
    deadline(10);
    expect(runtime.dueTimesMs).toEqual([50]);
    runtime.advance(0);
    expect(machine.log.at(-1)).toBe('timeout at 50');
  });

  it('keeps a deadline that is years away', () => {
    const { machine, runtime, deadline } = setUp();
    deadline(1e12);
    runtime.advance(1e12 - 1);
    expect(machine.log).toHaveLength(1);
    runtime.advance(1);
    expect(machine.log.at(-1)).toBe('timeout at 1000000000000');
  });

  it('takes a deadline that is not a number for a bug', () => {
    expect(() => setUp().deadline(Number.NaN)).toThrow(InvariantError);
  });

  it('ignores everything after stop, and ends its timer', () => {
    const { machine, runtime, driver, deadline } = setUp();
    deadline(100);
    driver.stop();
    expect(runtime.dueTimesMs).toEqual([]);
    driver.feed(1);
    runtime.advance(1_000);
    expect(machine.log).toEqual(['handle say deadline at 0']);
  });

  it('stopped by an output, still applies the outputs of that input, and nothing that they cause', () => {
    const { machine, runtime, driver } = setUp((output, self) => {
      if (output === 'output 1 of 3') self.feed(1);
      if (output === 'output 2 of 3') self.stop();
    });
    machine.deadlineMs = 100;
    driver.feed(3);
    expect(machine.log).toEqual(['handle 3 at 0', 'output 1 of 3', 'output 2 of 3', 'output 3 of 3']);
    expect(runtime.dueTimesMs).toEqual([]);
  });

  it('lets a bug in the machine through, and can be fed again', () => {
    const { machine, driver } = setUp();
    expect(() => driver.feed('break')).toThrow(InvariantError);
    driver.feed(1);
    expect(machine.log).toEqual(['handle 1 at 0', 'output 1 of 1']);
  });
});
