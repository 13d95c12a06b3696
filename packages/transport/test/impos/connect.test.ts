// What a program under RETURN_ON_ERROR is told of its connection, and when.

import { describe, expect, test } from 'vitest';
import {
  type ImpDevice,
  NO_SERVER,
  RETURN_ON_ERROR,
  SERVER_CONNECTED,
  SUSPEND_ON_ERROR,
  WAIT_TIL_SENT,
} from '../../src/impos/index.js';
import { DeviceBench, type DeviceBenchOptions } from './bench.js';

const MINUTE_MS = 60_000;

/** A program under RETURN_ON_ERROR that does nothing else; its device is the test's to use. */
async function returning(options: DeviceBenchOptions = {}): Promise<DeviceBench & { device: ImpDevice }> {
  let device: ImpDevice | undefined;
  const bench = new DeviceBench((given) => {
    given.server.setsendtimeoutpolicy(RETURN_ON_ERROR, WAIT_TIL_SENT, 10);
    device = given;
  }, options);
  await bench.runtime.advance(options.isReachable === false ? MINUTE_MS : 1_000);
  return Object.assign(bench, { device: device as ImpDevice });
}

describe('server.connect', () => {
  test.each([
    ['after the seconds that it is given', 7, 7_000],
    ['after 60 s when it is given none', undefined, MINUTE_MS],
  ])('S29 tells its callback why it gives up, %s', async (_, timeoutSeconds, afterMs) => {
    const { device, network, runtime } = await returning({ isReachable: false });
    // Nobody answers, and nobody says so.
    network.setBlackHole(true);
    const told: [number, number][] = [];
    const startMs = runtime.nowMs();
    let hasReturned = false;
    void device.server
      .connect((reason) => void told.push([reason, runtime.nowMs() - startMs]), timeoutSeconds)
      .then(() => {
        hasReturned = true;
      });
    await runtime.advance(0);
    expect([hasReturned, told]).toEqual([true, []]);
    await runtime.advance(2 * MINUTE_MS);
    expect(told).toEqual([[NO_SERVER, afterMs]]);
  });

  test('S29 S28 tries once, and nothing follows a failure', async () => {
    const bench = await returning({ isReachable: false });
    const told: number[] = [];
    const before = bench.dialsAtMs.length;
    void bench.device.server.connect((reason) => void told.push(reason));
    await bench.runtime.advance(60 * MINUTE_MS);
    expect([told, bench.dialsAtMs.length - before]).toEqual([[NO_SERVER], 1]);
  });

  test('S29 a callback that connects again makes the loop of the documents', async () => {
    const bench = await returning({ isReachable: false });
    const { device, runtime, network } = bench;
    const told: number[] = [];
    const again = (reason: number): void => {
      told.push(reason);
      if (reason !== SERVER_CONNECTED) device.imp.wakeup(600, () => void device.server.connect(again, 30));
      else void device.agent.send('n', 1);
    };
    void device.server.connect(again, 30);
    await runtime.advance(15 * MINUTE_MS);
    network.setReachable(true);
    await runtime.advance(10 * MINUTE_MS);
    expect([told, bench.received]).toEqual([[NO_SERVER, NO_SERVER, SERVER_CONNECTED], [1]]);
  });

  test('S29 under SUSPEND_ON_ERROR it blocks as long as it takes', async () => {
    const { device, runtime, network } = await returning({ isReachable: false });
    const ran: string[] = [];
    device.server.setsendtimeoutpolicy(SUSPEND_ON_ERROR, WAIT_TIL_SENT, 10);
    device.imp.wakeup(5, () => void ran.push('timer'));
    void device.server.connect(() => void ran.push('callback'), 1).then(() => ran.push('connected'));
    await runtime.advance(40_000);
    expect(ran).toEqual([]);
    network.setReachable(true);
    await runtime.advance(MINUTE_MS);
    expect(ran).toEqual(['connected', 'timer']);
  });
});

describe('server.onunexpecteddisconnect', () => {
  test('S32 S28 is called a minute after the loss, once, with the reason of the last attempt', async () => {
    const bench = await returning();
    const told: [number, number][] = [];
    const lostAtMs = bench.runtime.nowMs();
    bench.device.server.onunexpecteddisconnect((reason) => void told.push([reason, bench.runtime.nowMs() - lostAtMs]));
    bench.takeAway();
    await bench.runtime.advance(30 * MINUTE_MS);
    expect(told).toEqual([[NO_SERVER, MINUTE_MS]]);
    expect(Math.max(...bench.dialsAtMs)).toBeLessThan(lostAtMs + MINUTE_MS);
  });

  test('S32 is not called when the connection is back within the minute', async () => {
    const bench = await returning();
    bench.device.server.onunexpecteddisconnect(() => expect.fail('back in time'));
    bench.takeAway();
    await bench.runtime.advance(20_000);
    bench.network.setReachable(true);
    await bench.runtime.advance(30 * MINUTE_MS);
    expect(bench.device.server.isconnected()).toBe(true);
  });

  test.each([
    ['a first connection that fails', { isReachable: false }, () => {}],
    ['disconnect', {}, (device: ImpDevice) => void device.server.disconnect()],
    ['null in its place', {}, (device: ImpDevice) => device.server.onunexpecteddisconnect(null)],
  ])('S32 is not called after %s', async (_, options, act) => {
    const bench = await returning(options);
    const { device, runtime } = bench;
    device.server.onunexpecteddisconnect(() => expect.fail('nothing unexpected'));
    act(device);
    await runtime.advance(2_000);
    bench.takeAway();
    void device.server.connect(() => {}, 5);
    await runtime.advance(10 * MINUTE_MS);
    expect(device.server.isconnected()).toBe(false);
  });
});

describe('server.disconnect', () => {
  test('S33 under RETURN_ON_ERROR a later send does not connect; connect does', async () => {
    const bench = await returning();
    const { device, runtime } = bench;
    const ran: unknown[] = [];
    void device.server.disconnect().then(async () => ran.push(await device.agent.send('n', 1)));
    await runtime.advance(10 * MINUTE_MS);
    expect([ran, device.server.isconnected()]).toEqual([[1], false]);
    void device.server.connect((reason) => void ran.push(reason));
    await runtime.advance(1_000);
    expect([ran, device.server.isconnected()]).toEqual([[1, SERVER_CONNECTED], true]);
  });
});
