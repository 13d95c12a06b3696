// When a tab that waits for the lock thinks that nobody is there.

import { createVirtualRuntime, type VirtualRuntime } from '@holdfast/simulator';
import { beforeEach, expect, it } from 'vitest';
import { HolderWatch } from '../../src/tabs/holder-watch.js';

let runtime: VirtualRuntime;
let asked: number[];
let silentAtMs: number[];
let watch: HolderWatch;

beforeEach(() => {
  runtime = createVirtualRuntime({ seed: 1 });
  asked = [];
  silentAtMs = [];
  watch = new HolderWatch(
    runtime,
    () => asked.push(runtime.nowMs()),
    () => silentAtMs.push(runtime.nowMs()),
  );
  watch.start();
});

it('asks three times, and then says once that nobody answers', async () => {
  await runtime.advance(60_000);
  expect(asked).toEqual([3_000, 6_000, 9_000]);
  expect(silentAtMs).toEqual([12_000]);
});

it('goes on asking while there are answers', async () => {
  for (let second = 1; second <= 60; second++) {
    await runtime.advance(1_000);
    if (asked.length > 0 && second % 5 === 0) watch.onAnswer();
  }
  expect(asked.length).toBeGreaterThan(10);
  expect(silentAtMs).toEqual([]);
});

it('does not ask while others do', async () => {
  for (let second = 1; second <= 60; second++) {
    await runtime.advance(1_000);
    watch.onAnswer();
  }
  expect(asked).toEqual([]);
});

it('is still when it has been stopped, whatever is answered, and begins anew', async () => {
  await runtime.advance(10_000);
  watch.stop();
  watch.onAnswer();
  await runtime.advance(60_000);
  expect(asked).toHaveLength(3);
  watch.start();
  await runtime.advance(12_000);
  expect(asked).toHaveLength(6);
  expect(silentAtMs).toHaveLength(1);
});
