// When a device dials, for how long, and who is told: a real transport in virtual time, to the millisecond. The numbers are
// those of docs/impos-semantics.md. Single sends under each policy are in transport-policies.test.ts.

import { REFUSE_CODE } from '@holdfast/protocol/core';
import { describe, expect, test } from 'vitest';
import {
  CONNECT_REASON,
  type ConnectReason,
  LinkError,
  type OnError,
  RETURN_ON_ERROR,
  RETURN_ON_ERROR_NO_DISCONNECT,
  SEND_OK,
  SUSPEND_ON_ERROR,
  type TransportOptions,
  WAIT_FOR_ACK,
} from '../src/index.js';
import { Bench, LATENCY_MS } from './policy-bench.js';

/** The most that lies between the end of an attempt and the next one. */
const BACKOFF_MS = 100;
const BRISK: Partial<TransportOptions> = { reconnectBackoff: { minMs: BACKOFF_MS, maxMs: BACKOFF_MS } };
/** The most that lies between two attempts that are refused. */
const DIAL_GAP_MS = LATENCY_MS + BACKOFF_MS + 1;

/** When a bench has dialed since `sinceMs`. */
const dialsSince = (bench: Bench, sinceMs: number): number[] =>
  bench.dialsAtMs.filter((atMs) => atMs >= sinceMs).map((atMs) => atMs - sinceMs);

/** A device that loses its connection; its dials fail for 30 s, and later ones take until 70 s after the loss. */
async function withSlowDial(onError: OnError): Promise<{ readonly bench: Bench; readonly lostAtMs: number }> {
  let slow: (() => Promise<void>) | undefined;
  const bench = await Bench.connected(onError, BRISK, {}, async (dial) => {
    await slow?.();
    return dial();
  });
  const { runtime } = bench;
  const lostAtMs = runtime.nowMs();
  slow = async () => {
    const sinceMs = runtime.nowMs() - lostAtMs;
    if (sinceMs < 30_000) throw new LinkError(CONNECT_REASON.noServer, 'no');
    await new Promise<void>((resolve) => runtime.setTimer(Math.max(0, 70_000 - sinceMs), resolve));
  };
  bench.network.cut();
  return { bench, lostAtMs };
}

describe('a suspended device', () => {
  test('S26 dials from the loss on for 60 s, and wakes after each nine minutes to dial for 60 s more', async () => {
    const bench = await Bench.connected(SUSPEND_ON_ERROR, BRISK);
    const lostAtMs = bench.runtime.nowMs();
    bench.takeAway();
    await bench.runtime.advance(1_900_000);
    const dials = dialsSince(bench, lostAtMs);
    for (const [windowMs, nextMs] of [
      [0, 600_000],
      [600_000, 1_200_000],
      [1_200_000, 1_800_000],
    ] as const) {
      const inWindow = dials.filter((atMs) => atMs >= windowMs && atMs < nextMs);
      // The loss itself is waited off as the backoff says; a device that wakes dials at once.
      if (windowMs === 0) expect(inWindow[0]).toBeLessThanOrEqual(BACKOFF_MS);
      else expect(inWindow[0]).toBe(windowMs);
      expect(inWindow.at(-1)).toBeLessThan(windowMs + 60_000);
      expect(inWindow.at(-1)).toBeGreaterThanOrEqual(windowMs + 60_000 - DIAL_GAP_MS);
      for (const [index, atMs] of inWindow.slice(1).entries()) {
        expect(atMs - (inWindow[index] as number)).toBeLessThanOrEqual(DIAL_GAP_MS);
      }
    }
    expect(dials.filter((atMs) => atMs >= 1_800_000)[0]).toBe(1_800_000);
  });

  test('S26 dials when it has said that it will', async () => {
    const bench = await Bench.connected(SUSPEND_ON_ERROR);
    const expected: number[] = [];
    bench.transport.observe((event) => {
      if (event.type === 'reconnectScheduled') expected.push(bench.runtime.nowMs() + event.delayMs);
    });
    const lostAtMs = bench.runtime.nowMs();
    bench.takeAway();
    await bench.runtime.advance(59_000);
    const now = bench.runtime.nowMs();
    expect(dialsSince(bench, lostAtMs).length).toBeGreaterThan(2);
    expect(dialsSince(bench, lostAtMs)).toEqual(
      expected.filter((atMs) => atMs <= now).map((atMs) => Math.floor(atMs - lostAtMs)),
    );
  });

  test('S26 an attempt under way when the minute is over is given up, and opens nothing later', async () => {
    const { bench, lostAtMs } = await withSlowDial(SUSPEND_ON_ERROR);
    await bench.runtime.advance(60_000);
    expect(bench.typesOf('suspended', 'snoozed')).toEqual(['suspended', 'snoozed']);
    await bench.runtime.advance(540_000 - 1);
    expect([bench.transport.isConnected(), bench.typesOf('connected')]).toEqual([false, []]);
    await bench.runtime.advance(LATENCY_MS * 10);
    expect([bench.transport.isConnected(), bench.dialsAtMs.at(-1)]).toEqual([true, lostAtMs + 600_000]);
  });

  test('S27 says whether it has slept', async () => {
    for (const [awayMs, hasSnoozed] of [
      [10_000, false],
      [59_000, false],
      [60_001, true],
      [650_000, true],
    ] as const) {
      const bench = await Bench.connected(SUSPEND_ON_ERROR, BRISK);
      bench.takeAway();
      await bench.runtime.advance(awayMs);
      expect(bench.typesOf('resumed')).toEqual([]);
      bench.network.setReachable(true);
      await bench.runtime.advance(600_000);
      expect(bench.events.filter(({ type }) => type === 'resumed')).toEqual([{ type: 'resumed', hasSnoozed }]);
    }
  });

  test('S26 every suspension has a minute of its own', async () => {
    const bench = await Bench.connected(SUSPEND_ON_ERROR, BRISK);
    for (let round = 0; round < 3; round++) {
      bench.takeAway();
      await bench.runtime.advance(50_000);
      bench.network.setReachable(true);
      await bench.runtime.advance(1_000);
      expect(bench.transport.isConnected()).toBe(true);
    }
    expect(bench.typesOf('suspended', 'snoozed', 'resumed')).toEqual(Array(3).fill(['suspended', 'resumed']).flat());
  });

  test('S25 stands still when the server does not let it in, until it does', async () => {
    const bench = new Bench();
    bench.server.onHello = (connection) => connection.refuse(REFUSE_CODE.unauthorised, 'not yet');
    const results = [bench.send('first'), bench.send('second')];
    await bench.runtime.advance(59_000);
    expect(bench.server.accepted).toBeGreaterThan(1);
    expect([results, bench.typesOf('suspended', 'resumed')]).toEqual([[{}, {}], ['suspended']]);
    bench.server.onHello = (connection) => connection.admit();
    await bench.runtime.advance(600_000);
    expect(results).toEqual([{ code: SEND_OK }, { code: SEND_OK }]);
    expect(bench.received).toEqual(['first', 'second']);
  });

  test('S14 S25 an ack that does not come in time suspends; the send is made again with its whole time', async () => {
    const bench = await Bench.connected(SUSPEND_ON_ERROR, BRISK);
    bench.transport.setSendTimeoutPolicy(SUSPEND_ON_ERROR, WAIT_FOR_ACK, 5);
    bench.network.setBlackHole(true);
    const result = bench.send('patient');
    await bench.runtime.advance(4_999);
    expect(bench.typesOf('suspended')).toEqual([]);
    await bench.runtime.advance(1);
    expect(bench.typesOf('disconnected', 'suspended')).toEqual(['disconnected', 'suspended']);
    await bench.runtime.advance(30_000);
    expect([result.code, bench.received]).toEqual([undefined, []]);
    bench.network.setBlackHole(false);
    await bench.runtime.advance(600_000);
    expect([result.code, bench.received]).toEqual([SEND_OK, ['patient']]);
  });

  test('S25 keeps the order over several losses, and sends what has its answer no second time', async () => {
    const bench = await Bench.connected(SUSPEND_ON_ERROR, BRISK);
    bench.transport.setSendTimeoutPolicy(SUSPEND_ON_ERROR, WAIT_FOR_ACK, 30);
    const results = [bench.send(0), bench.send(1)];
    await bench.runtime.advance(1_000);
    for (let round = 0; round < 3; round++) {
      bench.takeAway();
      results.push(bench.send(results.length), bench.send(results.length + 1));
      await bench.runtime.advance(5_000);
    }
    expect(results.slice(2).every(({ code }) => code === undefined)).toBe(true);
    bench.network.setReachable(true);
    await bench.runtime.advance(5_000);
    expect(results.every(({ code }) => code === SEND_OK)).toBe(true);
    expect(bench.received).toEqual(results.map((_, index) => index));
  });
});

describe('a device whose program runs on', () => {
  test.each([RETURN_ON_ERROR, RETURN_ON_ERROR_NO_DISCONNECT] as const)(
    'S32 S28 dials for 60 s after a loss, tells, and never dials again: %s',
    async (onError) => {
      const bench = await Bench.connected(onError, BRISK);
      const told: number[] = [];
      const lostAtMs = bench.runtime.nowMs();
      bench.transport.onUnexpectedDisconnect(() => told.push(bench.runtime.nowMs() - lostAtMs));
      bench.takeAway();
      await bench.runtime.advance(59_999);
      expect(told).toEqual([]);
      await bench.runtime.advance(3_600_000);
      expect(told).toEqual([60_000]);
      const dials = dialsSince(bench, lostAtMs);
      expect(dials[0]).toBeLessThanOrEqual(BACKOFF_MS);
      expect(dials.at(-1)).toBeLessThan(60_000);
      expect(dials.at(-1)).toBeGreaterThanOrEqual(60_000 - DIAL_GAP_MS);
      expect(bench.runtime.pendingTimers).toBe(0);
      expect(bench.typesOf('suspended', 'snoozed', 'resumed')).toEqual([]);
    },
  );

  test('S32 is silent when the connection is back in the 60th second', async () => {
    const bench = await Bench.connected(RETURN_ON_ERROR, BRISK);
    bench.transport.onUnexpectedDisconnect(() => expect.fail('it came back in time'));
    bench.takeAway();
    await bench.runtime.advance(59_900);
    bench.network.setReachable(true);
    await bench.runtime.advance(600_000);
    expect([bench.transport.isConnected(), bench.typesOf('lossDeclared')]).toEqual([true, []]);
  });

  test('S32 the reason is that of the last attempt, not of the loss or of an earlier attempt', async () => {
    let failure: ConnectReason | undefined;
    const bench = await Bench.connected(RETURN_ON_ERROR, BRISK, {}, (dial) =>
      failure === undefined ? dial() : Promise.reject(new LinkError(failure, 'no')),
    );
    const told: ConnectReason[] = [];
    bench.transport.onUnexpectedDisconnect((reason) => told.push(reason));
    failure = CONNECT_REASON.noIpAddress;
    bench.takeAway();
    await bench.runtime.advance(59_000);
    failure = CONNECT_REASON.noRegistration;
    await bench.runtime.advance(1_000);
    expect(told).toEqual([CONNECT_REASON.noRegistration]);
  });

  test('S28 an attempt that the program takes part in outlives the 60 s, and its connect is told', async () => {
    const { bench } = await withSlowDial(RETURN_ON_ERROR);
    const told: ConnectReason[] = [];
    await bench.runtime.advance(50_000);
    void bench.transport.connect().then((reason) => told.push(reason));
    await bench.runtime.advance(20_000 - 1);
    expect([bench.typesOf('lossDeclared'), told]).toEqual([['lossDeclared'], []]);
    await bench.runtime.advance(LATENCY_MS * 10);
    expect([bench.transport.isConnected(), told]).toEqual([true, [CONNECT_REASON.connected]]);
  });

  test('an impatient connect during the 60 s does not end them', async () => {
    const bench = await Bench.connected(RETURN_ON_ERROR, BRISK);
    bench.takeAway();
    await bench.runtime.advance(1_000);
    void bench.transport.connect({ timeoutMs: LATENCY_MS / 2 });
    await bench.runtime.advance(2_000);
    bench.network.setReachable(true);
    await bench.runtime.advance(1_000);
    expect(bench.transport.isConnected()).toBe(true);
  });

  test('S28 a connect that fails after a declared loss is one attempt, and declares nothing', async () => {
    const bench = await Bench.connected(RETURN_ON_ERROR);
    bench.takeAway();
    await bench.runtime.advance(60_000);
    const dials = bench.dialsAtMs.length;
    const connecting = bench.transport.connect();
    await bench.runtime.advance(600_000);
    expect(await connecting).toBe(CONNECT_REASON.noServer);
    expect([bench.dialsAtMs.length, bench.typesOf('lossDeclared')]).toEqual([dials + 1, ['lossDeclared']]);
  });

  test('S33 disconnect during the 60 s ends them, and nobody is told', async () => {
    const bench = await Bench.connected(RETURN_ON_ERROR);
    bench.transport.onUnexpectedDisconnect(() => expect.fail('the program wanted no connection'));
    bench.takeAway();
    await bench.runtime.advance(20_000);
    await Promise.all([bench.transport.disconnect(), bench.runtime.advance(0)]);
    const dials = bench.dialsAtMs.length;
    await bench.runtime.advance(3_600_000);
    expect([bench.dialsAtMs.length, bench.typesOf('lossDeclared'), bench.runtime.pendingTimers]).toEqual([
      dials,
      [],
      0,
    ]);
  });
});
