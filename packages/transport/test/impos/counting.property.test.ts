// A program that counts, through random cuts, outages, black holes, failures of its own and restarts. Under SUSPEND_ON_ERROR
// with WAIT_FOR_ACK its numbers may repeat, but none is skipped and none overtakes another.

import { createVirtualRuntime } from '@holdfast/simulator';
import { expect, test } from 'vitest';
import { type DeviceProgram, SUSPEND_ON_ERROR, WAIT_FOR_ACK } from '../../src/impos/index.js';
import { DeviceBench } from './bench.js';

const HOUR_MS = 3_600_000;
const SEEDS = Array.from({ length: 12 }, (_, index) => index + 1);

test.each(SEEDS)('S22 S25 S27 numbers repeat at most, and only side by side (seed %i)', async (seed) => {
  const chance = createVirtualRuntime({ seed: 1_000 + seed });
  const below = (max: number): number => chance.randomUint32() % max;
  const program: DeviceProgram = async ({ imp, server, agent, nv }) => {
    server.setsendtimeoutpolicy(SUSPEND_ON_ERROR, WAIT_FOR_ACK, 10);
    for (;;) {
      const number = Number(nv.next ?? 0);
      const code = await agent.send('count', number);
      if (code !== 0) throw new Error(`a send answered ${code}`);
      nv.next = number + 1;
      await imp.sleep(2 + below(10));
      switch (below(100)) {
        case 0:
          throw new Error('on purpose');
        case 1:
          return server.restart();
        case 2:
          return server.sleepfor(30);
        case 3:
          return imp.reset();
      }
    }
  };
  const bench = new DeviceBench(program, { seed, network: { latencyMs: 1 + below(300) } });
  const { network, runtime } = bench;
  while (runtime.nowMs() < 5 * HOUR_MS) {
    await runtime.advance(below(300_000));
    const trouble = below(4);
    if (trouble === 0) network.cut();
    else if (trouble === 1) network.setBlackHole(true);
    else if (trouble === 2) bench.takeAway();
    else network.setReachable(false);
    // Mostly shorter than the minute, at times far longer.
    await runtime.advance(below(4) === 0 ? below(1_500_000) : below(50_000));
    network.setReachable(true);
    network.setBlackHole(false);
  }
  await runtime.advance(HOUR_MS);

  const numbers = bench.received as number[];
  const once = numbers.filter((number, at) => at === 0 || number !== numbers[at - 1]);
  expect(once).toEqual(once.map((_, index) => index));
  expect(once.length).toBeGreaterThan(500);
  expect(bench.log.filter((line) => !line.endsWith('on purpose'))).toEqual([]);
  // The storm was one: the program has been through most of what can happen to it.
  expect(new Set(bench.wakeReasons).size).toBeGreaterThanOrEqual(4);
  expect(bench.typesOf('resumed').length).toBeGreaterThan(5);
  await Promise.all([bench.run.stop(), runtime.advance(5_000)]);
});
