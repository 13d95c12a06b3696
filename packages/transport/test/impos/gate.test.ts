import { createVirtualRuntime } from '@holdfast/simulator';
import { describe, expect, test } from 'vitest';
import { Gate, WAITING_CALLBACKS_MAX } from '../../src/impos/gate.js';

function bench() {
  const runtime = createVirtualRuntime({ seed: 1 });
  const errors: unknown[] = [];
  const gate = new Gate(runtime, (error) => errors.push(error));
  const ran: string[] = [];
  const note = (what: string) => () => void ran.push(what);
  return { runtime, gate, errors, ran, note };
}

/** A result that comes when the test says so. */
function later<Value>() {
  let resolve: (value: Value) => void = () => {};
  let reject: (error: Error) => void = () => {};
  const promise = new Promise<Value>((...both) => {
    [resolve, reject] = both;
  });
  return { promise, resolve: (value: Value) => resolve(value), reject: (error: Error) => reject(error) };
}

describe('Gate', () => {
  test('runs a callback at once when nothing is in the way', () => {
    const { gate, ran, note } = bench();
    gate.run(note('a'));
    expect(ran).toEqual(['a']);
  });

  test('lets no callback in while a call blocks; the program goes on first', async () => {
    const { runtime, gate, ran, note } = bench();
    const send = later<number>();
    void (async () => {
      await gate.block(send.promise);
      ran.push('sent');
      await Promise.resolve();
      ran.push('and went on');
    })();
    gate.run(note('timer'));
    gate.run(note('handler'));
    await runtime.advance(1_000);
    expect(ran).toEqual([]);
    send.resolve(0);
    await runtime.advance(1);
    expect(ran).toEqual(['sent', 'and went on', 'timer', 'handler']);
  });

  test('a callback that blocks keeps the next one out', async () => {
    const { runtime, gate, ran, note } = bench();
    const send = later<number>();
    gate.run(async () => {
      await gate.block(send.promise);
      ran.push('first is done');
    });
    gate.run(note('second'));
    await runtime.advance(10);
    expect(ran).toEqual([]);
    send.resolve(0);
    await runtime.advance(1);
    expect(ran).toEqual(['first is done', 'second']);
  });

  test('S25 suspended, nothing runs and no result comes; S27 afterwards everything does, in order', async () => {
    const { runtime, gate, ran, note } = bench();
    const send = later<number>();
    const failing = later<number>();
    void gate.block(send.promise).then(note('result'));
    void gate.block(failing.promise).catch(note('failure'));
    gate.suspend();
    send.resolve(0);
    failing.reject(new Error('no'));
    gate.run(note('timer'));
    gate.whenIdle(note('idle'));
    await runtime.advance(30_000);
    expect(ran).toEqual([]);
    gate.resume();
    await runtime.advance(1);
    expect(ran).toEqual(['result', 'failure', 'timer', 'idle']);
  });

  test('S36 the idle callback runs once, behind all others; a later one takes its place, and it can be taken back', async () => {
    const { runtime, gate, ran, note } = bench();
    gate.whenIdle(note('first'));
    gate.whenIdle(note('second'));
    gate.suspend();
    gate.run(note('message'));
    gate.resume();
    await runtime.advance(10);
    expect(ran).toEqual(['message', 'second']);
    gate.whenIdle(note('third'));
    gate.whenIdle(undefined);
    gate.run(note('more'));
    await runtime.advance(10);
    expect(ran).toEqual(['message', 'second', 'more']);
  });

  test('an ended program never runs again, and its calls throw', async () => {
    const { runtime, gate, ran, note, errors } = bench();
    const send = later<number>();
    void gate.block(send.promise).then(note('result'));
    gate.run(note('timer'));
    gate.whenIdle(note('idle'));
    gate.end();
    send.resolve(0);
    expect(gate.run(note('late'))).toBe(true);
    gate.resume();
    await runtime.advance(1_000);
    expect([ran, errors, runtime.pendingTimers, gate.hasEnded]).toEqual([[], [], 0, true]);
    expect(() => gate.check()).toThrow(expect.objectContaining({ code: 'PROGRAM_ENDED' }));
  });

  test('tells what a callback throws, now or later, and goes on', async () => {
    const { runtime, gate, errors, ran, note } = bench();
    gate.run(() => {
      throw new Error('now');
    });
    gate.run(async () => {
      throw new Error('later');
    });
    gate.run(note('still here'));
    await runtime.advance(1);
    expect(errors).toEqual([new Error('now'), new Error('later')]);
    expect(ran).toEqual(['still here']);
  });

  test('holds so many callbacks and not one more', () => {
    const { gate, note } = bench();
    gate.suspend();
    const taken = Array.from({ length: WAITING_CALLBACKS_MAX + 1 }, () => gate.run(note('x')));
    expect(taken.indexOf(false)).toBe(WAITING_CALLBACKS_MAX);
    // One that has ended holds none.
    gate.end();
    expect(taken.every(() => gate.run(note('x')))).toBe(true);
  });
});
