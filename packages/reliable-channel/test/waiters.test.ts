import { createVirtualRuntime } from '@holdfast/simulator';
import { expect, it } from 'vitest';
import { Waiters } from '../src/waiters.js';

it('tells each one when its own condition holds, once', async () => {
  const waiters = new Waiters();
  const told: string[] = [];
  let level = 0;
  const wait = (name: string, wanted: number): void => {
    void waiters.until(() => level >= wanted).then(() => told.push(name));
  };
  wait('at once', 0);
  wait('first', 1);
  wait('second', 2);
  await Promise.resolve();
  expect(told).toEqual(['at once']);
  level = 1;
  await Promise.resolve();
  // Nobody has looked.
  expect(told).toEqual(['at once']);
  waiters.look();
  await Promise.resolve();
  expect([told, waiters.isEmpty]).toEqual([['at once', 'first'], false]);
  level = 2;
  waiters.look();
  waiters.look();
  await Promise.resolve();
  expect([told, waiters.isEmpty]).toEqual([['at once', 'first', 'second'], true]);
});

it('tells one who waits no longer than so when the time is up, and sets no timer for ever', async () => {
  const runtime = createVirtualRuntime({ seed: 1 });
  const waiters = new Waiters();
  const told: string[] = [];
  let isReached = false;
  const wait = (name: string, timeoutMs?: number): void => {
    void waiters.untilTimeout(() => isReached, runtime, timeoutMs).then(() => told.push(name));
  };
  wait('a second', 1_000);
  wait('two seconds', 2_000);
  wait('for ever');
  await runtime.advance(1_000);
  expect(told).toEqual(['a second']);
  isReached = true;
  waiters.look();
  await runtime.advance(5_000);
  expect(told).toEqual(['a second', 'two seconds', 'for ever']);
});
