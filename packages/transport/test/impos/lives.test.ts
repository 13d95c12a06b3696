// From one life of a program to the next, where things cross: restarts while the device looks for a connection, wishes that
// outlive the life they were meant for, and what a stopped device leaves behind.

import { describe, expect, test } from 'vitest';
import {
  type ImpDevice,
  RESTART_AFTER_ERROR_MS,
  RETURN_ON_ERROR,
  SHUTDOWN_NEWSQUIRREL,
  SHUTDOWN_OTHER,
  WAIT_TIL_SENT,
  WAKEREASON_NEW_SQUIRREL,
  WAKEREASON_POWER_ON,
  WAKEREASON_SNOOZE,
  WAKEREASON_SQUIRREL_ERROR,
  WAKEREASON_SW_RESTART,
  WAKEREASON_TIMER,
} from '../../src/impos/index.js';
import { DeviceBench } from './bench.js';

const MINUTE_MS = 60_000;

describe('a restart while the device is suspended', () => {
  test('S25 S34 a new program runs when there is a connection, and not before', async () => {
    const bench = new DeviceBench(() => {});
    await bench.runtime.advance(1_000);
    bench.takeAway();
    await bench.runtime.advance(1_000);
    const startedAtMs: number[] = [];
    bench.run.update(() => void startedAtMs.push(bench.runtime.nowMs()));
    await bench.runtime.advance(30_000);
    expect(startedAtMs).toEqual([]);
    bench.network.setReachable(true);
    await bench.runtime.advance(MINUTE_MS);
    expect([bench.wakeReasons, startedAtMs.length]).toEqual([[WAKEREASON_POWER_ON, WAKEREASON_NEW_SQUIRREL], 1]);
    expect(bench.run.transport.isConnected()).toBe(true);
  });

  test('S26 S27 when the minute is over the device snoozes, and it starts with wake reason 7', async () => {
    const bench = new DeviceBench(() => {});
    await bench.runtime.advance(1_000);
    bench.takeAway();
    const lostAtMs = bench.runtime.nowMs();
    bench.run.requestShutdown(SHUTDOWN_OTHER);
    await bench.runtime.advance(5 * MINUTE_MS);
    expect(bench.timesOf('snoozed')).toEqual([lostAtMs + MINUTE_MS]);
    bench.network.setReachable(true);
    await bench.runtime.advance(6 * MINUTE_MS);
    expect(bench.wakeReasons).toEqual([WAKEREASON_POWER_ON, WAKEREASON_SNOOZE]);
    expect(bench.run.transport.isConnected()).toBe(true);
  });

  test('S25 a program that fails by itself does not start again before either', async () => {
    let fail: (error: Error) => void = () => {};
    const bench = new DeviceBench(async () => {
      if (bench.wakeReasons.length > 1) return;
      await new Promise((_, reject) => {
        fail = reject;
      });
    });
    await bench.runtime.advance(1_000);
    bench.takeAway();
    fail(new Error('a promise of its own'));
    await bench.runtime.advance(RESTART_AFTER_ERROR_MS + 10_000);
    expect(bench.timesOf('started')).toHaveLength(1);
    bench.network.setReachable(true);
    await bench.runtime.advance(MINUTE_MS);
    expect(bench.wakeReasons).toEqual([WAKEREASON_POWER_ON, WAKEREASON_SQUIRREL_ERROR]);
  });
});

describe('a shutdown', () => {
  test('S34 that the program answered with a sleep is no reason for a later restart', async () => {
    const lives: ImpDevice[] = [];
    const program = (device: ImpDevice): void => {
      lives.push(device);
      device.server.onshutdown(() => void device.server.sleepfor(60));
    };
    const bench = new DeviceBench(program);
    await bench.runtime.advance(1_000);
    bench.run.update(program);
    await bench.runtime.advance(2 * MINUTE_MS);
    void lives[1]?.server.restart();
    await bench.runtime.advance(1_000);
    expect(bench.wakeReasons).toEqual([WAKEREASON_POWER_ON, WAKEREASON_TIMER, WAKEREASON_SW_RESTART]);
  });

  test('S34 is announced when the program is free to hear it: not while a call blocks', async () => {
    const ran: string[] = [];
    const bench = new DeviceBench(async ({ imp, server }) => {
      server.onshutdown((reason) => void ran.push(`shutdown ${reason}`));
      await imp.sleep(30);
      ran.push('slept');
    });
    await bench.runtime.advance(10_000);
    bench.run.requestShutdown(SHUTDOWN_NEWSQUIRREL);
    await bench.runtime.advance(10_000);
    expect(ran).toEqual([]);
    await bench.runtime.advance(20_000);
    expect(ran).toEqual(['slept', `shutdown ${SHUTDOWN_NEWSQUIRREL}`]);
  });

  test('a program that comes while none runs is the one that starts', async () => {
    const ran: string[] = [];
    const bench = new DeviceBench(() => void ran.push('old'));
    await bench.runtime.advance(1_000);
    bench.takeAway();
    await bench.runtime.advance(5 * MINUTE_MS);
    bench.run.update(() => void ran.push('new'));
    bench.network.setReachable(true);
    await bench.runtime.advance(10 * MINUTE_MS);
    expect([ran, bench.wakeReasons]).toEqual([
      ['old', 'new'],
      [WAKEREASON_POWER_ON, WAKEREASON_SNOOZE],
    ]);
  });
});

test('S24 S27 a new life has no handler, no callback and no policy of the one before', async () => {
  const lives: ImpDevice[] = [];
  const bench = new DeviceBench((device) => {
    lives.push(device);
    if (lives.length > 1) return;
    device.server.setsendtimeoutpolicy(RETURN_ON_ERROR, WAIT_TIL_SENT, 10);
    device.server.onunexpecteddisconnect(() => expect.fail('of an earlier life'));
    device.agent.on('ping', () => expect.fail('of an earlier life'));
  });
  await bench.runtime.advance(1_000);
  void lives[0]?.server.restart();
  await bench.runtime.advance(1_000);
  void bench.server.latest.send('ping', 1, 1_000);
  await bench.runtime.advance(1_000);
  expect(bench.log).toEqual(["ERROR: no handler for device.send('ping')"]);
  bench.takeAway();
  expect(bench.typesOf('started', 'suspended')).toEqual(['started', 'started', 'suspended']);
  await bench.runtime.advance(5 * MINUTE_MS);
});

describe('stop', () => {
  test.each<[string, (device: ImpDevice) => unknown, number]>([
    ['sleeps its 28 days', ({ server }) => server.sleepfor(2_419_198), 60_000],
    ['has failed', () => Promise.reject(new Error('on purpose')), 300],
    ['blocks in a sleep', ({ imp }) => imp.sleep(1_000_000), 5_000],
    ['waits for its timers', ({ imp }) => void imp.wakeup(10_000_000, () => {}), 5_000],
    ['is about to connect', () => {}, 0],
  ])('of a device whose program %s leaves no timer behind', async (_, program, afterMs) => {
    let starts = 0;
    const bench = new DeviceBench(async (device) => {
      starts += 1;
      await program(device);
    });
    await bench.runtime.advance(afterMs);
    const before = starts;
    await Promise.all([bench.run.stop(), bench.runtime.advance(5_000)]);
    expect(bench.runtime.pendingTimers).toBe(0);
    await bench.runtime.advance(60 * MINUTE_MS);
    expect([starts, bench.run.transport.isConnected()]).toEqual([before, false]);
  });

  test('of a suspended and of a snoozing device ends the dialing', async () => {
    for (const afterMs of [30_000, 5 * MINUTE_MS, 10.5 * MINUTE_MS]) {
      const bench = new DeviceBench(() => {});
      await bench.runtime.advance(1_000);
      bench.takeAway();
      await bench.runtime.advance(afterMs);
      await Promise.all([bench.run.stop(), bench.runtime.advance(5_000)]);
      const dials = bench.dialsAtMs.length;
      bench.network.setReachable(true);
      await bench.runtime.advance(60 * MINUTE_MS);
      expect([bench.dialsAtMs.length, bench.wakeReasons.length]).toEqual([dials, 1]);
    }
  });
});
