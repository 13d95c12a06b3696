// What the three policies do to a program whose link fails, with a real transport in virtual time. The numbers are those of
// docs/impos-semantics.md.

import { describe, expect, test } from 'vitest';
import {
  CONNECT_REASON,
  type ConnectReason,
  DISCONNECTED,
  LinkError,
  NOT_CONNECTED,
  RETURN_ON_ERROR,
  RETURN_ON_ERROR_NO_DISCONNECT,
  SEND_OK,
  SUSPEND_ON_ERROR,
  TIMEOUT,
  WAIT_FOR_ACK,
  WAIT_TIL_SENT,
  WOULDBLOCK,
} from '../src/index.js';
import { Bench, LATENCY_MS } from './policy-bench.js';

describe('the send buffer of a transport', () => {
  test('S5 answers with the size before, gives what is asked for, and never more than the limit', async () => {
    const { transport } = await Bench.connected(RETURN_ON_ERROR);
    expect(transport.setSendBufferSize(8_000)).toBe(3_456);
    expect(transport.setSendBufferSize(8_000)).toBe(8_000);
    expect(transport.setSendBufferSize(1_000_000)).toBe(8_000);
    expect(transport.setSendBufferSize(1)).toBe(30_720);
    expect(transport.sendBuffer.capacityBytes).toBe(30_720);
  });
});

describe('SUSPEND_ON_ERROR', () => {
  test('S24 S33 is the policy to begin with: the first send connects', async () => {
    const bench = new Bench();
    const result = bench.send(1);
    await bench.runtime.advance(1_000);
    expect([result.code, bench.received]).toEqual([SEND_OK, [1]]);
    await bench.transport.disconnect();
    await bench.runtime.advance(3_600_000);
    expect(bench.transport.isConnected()).toBe(false);
    const again = bench.send(2);
    await bench.runtime.advance(1_000);
    expect([again.code, bench.received]).toEqual([SEND_OK, [1, 2]]);
  });

  test('S14 S25 a send that times out does not return: it is made again when the link is back', async () => {
    const bench = await Bench.connected(SUSPEND_ON_ERROR, { sendBufferBytes: 100 }, { inFlightMaxBytes: 1 });
    bench.network.setBlackHole(true);
    const results = [bench.send('x'.repeat(300)), bench.send('second')];
    await bench.runtime.advance(30_000);
    expect(bench.typesOf('disconnected', 'suspended')).toEqual(['disconnected', 'suspended']);
    bench.network.setBlackHole(false);
    bench.takeAway();
    await bench.runtime.advance(15_000);
    expect(results).toEqual([{}, {}]);
    bench.network.setReachable(true);
    await bench.runtime.runUntil(() => bench.received.length === 2, { limitMs: 45_000 });
    await bench.runtime.advance(100);
    expect(results).toEqual([{ code: SEND_OK }, { code: SEND_OK }]);
    expect(bench.received).toEqual(['x'.repeat(300), 'second']);
    expect(bench.typesOf('suspended', 'resumed', 'snoozed')).toEqual(['suspended', 'resumed']);
  });

  test('S25 a lost link suspends at once, and sends of the meantime go in the order of the calls', async () => {
    const bench = await Bench.connected(SUSPEND_ON_ERROR);
    bench.takeAway();
    expect(bench.typesOf('disconnected', 'suspended')).toEqual(['disconnected', 'suspended']);
    const results = Array.from({ length: 50 }, (_, index) => bench.send(index));
    await bench.runtime.advance(10_000);
    bench.network.setReachable(true);
    await bench.runtime.advance(40_000);
    expect(bench.received).toEqual(results.map((_, index) => index));
    expect(new Set(results.map(({ code }) => code))).toEqual(new Set([SEND_OK]));
  });

  test('S22 a send whose ack was lost is made again, and arrives twice', async () => {
    const bench = await Bench.connected(SUSPEND_ON_ERROR);
    bench.transport.setSendTimeoutPolicy(SUSPEND_ON_ERROR, WAIT_FOR_ACK, 10);
    const result = bench.send('once?');
    // Arrived, and its ack on the way.
    await bench.runtime.advance(LATENCY_MS + 1);
    expect(bench.received).toEqual(['once?']);
    bench.network.cut();
    await bench.runtime.advance(10_000);
    expect([result.code, bench.received]).toEqual([SEND_OK, ['once?', 'once?']]);
  });

  test('S21 half of a message of a lost link reaches nobody', async () => {
    const bench = await Bench.connected(SUSPEND_ON_ERROR, {}, { writeMaxBytes: 576, inFlightMaxBytes: 1 });
    bench.send('y'.repeat(9_000));
    await bench.runtime.advance(5 * LATENCY_MS);
    bench.network.cut();
    await bench.runtime.advance(30_000);
    expect(bench.received).toEqual(['y'.repeat(9_000)]);
    expect(bench.server.ended.filter(({ kind }) => kind === 'protocolError')).toEqual([]);
  });

  test('S26 S27 dials for 60 s, snoozes for nine minutes, wakes for 60 s, and goes on in place without a host', async () => {
    const bench = await Bench.connected(SUSPEND_ON_ERROR);
    const lostAtMs = bench.runtime.nowMs();
    bench.takeAway();
    const result = bench.send('patient');
    await bench.runtime.advance(1_310_000);
    const minutes = new Set(bench.dialsAtMs.slice(1).map((atMs) => Math.floor((atMs - lostAtMs) / 60_000)));
    expect([...minutes]).toEqual([0, 10, 20]);
    expect(bench.dialsAtMs.slice(1).every((atMs) => atMs - lostAtMs < 60_000 || atMs - lostAtMs >= 600_000)).toBe(true);
    expect(bench.typesOf('suspended', 'snoozed', 'resumed')).toEqual(['suspended', 'snoozed']);
    bench.network.setReachable(true);
    await bench.runtime.advance(600_000);
    expect(result.code).toBe(SEND_OK);
    expect(bench.events).toContainEqual({ type: 'resumed', hasSnoozed: true });
  });

  test('S29 connect waits as long as it takes, whatever its timeout', async () => {
    const bench = new Bench();
    bench.network.setReachable(false);
    let reason: ConnectReason | undefined;
    void bench.transport.connect({ timeoutMs: 1 }).then((result) => {
      reason = result;
    });
    await bench.runtime.advance(30_000);
    expect(reason).toBeUndefined();
    bench.network.setReachable(true);
    await bench.runtime.advance(30_000);
    expect(reason).toBe(CONNECT_REASON.connected);
  });

  test('disconnect answers those who wait', async () => {
    const bench = new Bench();
    bench.network.setReachable(false);
    const connecting = bench.transport.connect();
    const result = bench.send(1);
    await bench.runtime.advance(5_000);
    await bench.transport.disconnect();
    expect(await connecting).toBe(CONNECT_REASON.notConnected);
    await bench.runtime.advance(0);
    expect(result.code).toBe(DISCONNECTED);
    const dials = bench.dialsAtMs.length;
    await bench.runtime.advance(3_600_000);
    expect([bench.dialsAtMs.length, bench.runtime.pendingTimers]).toEqual([dials, 0]);
  });
});

describe('RETURN_ON_ERROR', () => {
  test('S19 S32 a timeout costs the connection, which comes back by itself and silently', async () => {
    const bench = await Bench.connected(RETURN_ON_ERROR, { sendBufferBytes: 100 }, { inFlightMaxBytes: 1 });
    const told: ConnectReason[] = [];
    bench.transport.onUnexpectedDisconnect((reason) => told.push(reason));
    bench.network.setBlackHole(true);
    const result = bench.send('x'.repeat(300));
    await bench.runtime.runUntil(() => result.code !== undefined, { limitMs: 60_000 });
    expect([result.code, bench.transport.isConnected()]).toEqual([TIMEOUT, false]);
    bench.network.setBlackHole(false);
    await bench.runtime.advance(300_000);
    expect([bench.transport.isConnected(), told, bench.received]).toEqual([true, [], []]);
  });

  test('S32 the callback is told after 60 s, once, with the reason of the last attempt; a later one takes its place', async () => {
    const bench = await Bench.connected(RETURN_ON_ERROR);
    const told: [string, ConnectReason, number][] = [];
    const lostAtMs = bench.runtime.nowMs();
    for (const name of ['first', 'second']) {
      bench.transport.onUnexpectedDisconnect((reason) => told.push([name, reason, bench.runtime.nowMs() - lostAtMs]));
    }
    bench.takeAway();
    expect(bench.send(1).code).toBeUndefined();
    await bench.runtime.advance(600_000);
    expect(told).toEqual([['second', CONNECT_REASON.noServer, 60_000]]);
  });

  test('S32 not when a first attempt fails, not after disconnect, not under SUSPEND_ON_ERROR', async () => {
    const bench = new Bench();
    const told: ConnectReason[] = [];
    bench.transport.onUnexpectedDisconnect((reason) => told.push(reason));
    bench.transport.setSendTimeoutPolicy(RETURN_ON_ERROR, WAIT_TIL_SENT, 30);
    bench.network.setReachable(false);
    void bench.transport.connect();
    await bench.runtime.advance(300_000);
    bench.network.setReachable(true);
    void bench.transport.connect();
    await bench.runtime.advance(1_000);
    await Promise.all([bench.transport.disconnect(), bench.runtime.advance(300_000)]);
    bench.transport.setSendTimeoutPolicy(SUSPEND_ON_ERROR, WAIT_TIL_SENT, 30);
    void bench.transport.connect();
    await bench.runtime.advance(1_000);
    bench.takeAway();
    await bench.runtime.advance(3_600_000);
    expect(told).toEqual([]);
  });

  test('S32 an attempt under way when the time is over is given up', async () => {
    const bench = await Bench.connected(RETURN_ON_ERROR);
    bench.network.cut();
    bench.network.setBlackHole(true);
    await bench.runtime.advance(60_000);
    expect(bench.events.at(-1)).toEqual({ type: 'lossDeclared', reason: CONNECT_REASON.noServer });
    bench.network.setBlackHole(false);
    await bench.runtime.advance(3_600_000);
    expect([bench.transport.isConnected(), bench.runtime.pendingTimers]).toEqual([false, 0]);
  });

  test.each([RETURN_ON_ERROR, RETURN_ON_ERROR_NO_DISCONNECT] as const)(
    'S15 without a connection the answer comes at once, and nothing is dialed for it: %s',
    async (onError) => {
      const bench = new Bench();
      bench.transport.setSendTimeoutPolicy(onError, WAIT_FOR_ACK, 30);
      const before = bench.send(1);
      await bench.runtime.advance(0);
      expect(before.code).toBe(NOT_CONNECTED);
      await bench.runtime.advance(60_000);
      expect([bench.dialsAtMs, bench.runtime.pendingTimers]).toEqual([[], 0]);

      const lost = await Bench.connected(onError);
      lost.transport.setSendTimeoutPolicy(onError, WAIT_FOR_ACK, 30);
      const during = lost.send(1);
      lost.takeAway();
      const after = lost.send(2);
      await lost.runtime.advance(0);
      expect([during.code, after.code]).toEqual([DISCONNECTED, NOT_CONNECTED]);
    },
  );

  test('S30 connect answers every reason that a link can have', async () => {
    for (const reason of Object.values(CONNECT_REASON)) {
      if (reason === CONNECT_REASON.connected) continue;
      const bench = new Bench({
        link: {
          name: 'modem',
          writeMaxBytes: 576,
          dial: async () => {
            throw new LinkError(reason, 'no');
          },
        },
      });
      bench.transport.setSendTimeoutPolicy(RETURN_ON_ERROR, WAIT_TIL_SENT, 30);
      expect(await bench.transport.connect()).toBe(reason);
      expect(await bench.transport.send('n', 1)).toBe(NOT_CONNECTED);
    }
  });
});

describe('RETURN_ON_ERROR_NO_DISCONNECT', () => {
  test('S20 a message larger than the whole buffer is WOULDBLOCK, however empty the buffer is', async () => {
    const bench = await Bench.connected(RETURN_ON_ERROR_NO_DISCONNECT);
    const large = bench.send('x'.repeat(3_456));
    await bench.runtime.advance(60_000);
    expect([large.code, bench.received, bench.transport.isConnected()]).toEqual([WOULDBLOCK, [], true]);
    bench.transport.setSendBufferSize(4_000);
    const again = bench.send('x'.repeat(3_456));
    await bench.runtime.advance(100);
    expect([again.code, bench.received]).toEqual([SEND_OK, ['x'.repeat(3_456)]]);
  });

  test('S20 nothing of what was refused is in the buffer, and no callback hears of it', async () => {
    const bench = await Bench.connected(RETURN_ON_ERROR_NO_DISCONNECT, {}, { inFlightMaxBytes: 1 });
    bench.transport.onUnexpectedDisconnect(() => expect.fail('nothing was lost'));
    bench.network.setBlackHole(true);
    bench.send('a'.repeat(3_400));
    bench.send('b'.repeat(3_400));
    const { usedBytes } = bench.transport.sendBuffer;
    const results = Array.from({ length: 5 }, () => bench.send('c'.repeat(3_400)));
    await bench.runtime.advance(0);
    expect(results.map(({ code }) => code)).toEqual(results.map(() => WOULDBLOCK));
    expect(bench.transport.sendBuffer.usedBytes).toBe(usedBytes);
    await bench.runtime.advance(50_000);
    expect(bench.transport.isConnected()).toBe(true);
  });

  test('S20 what does not fit is WOULDBLOCK at once; the connection stays, and the same message goes later', async () => {
    const bench = await Bench.connected(RETURN_ON_ERROR_NO_DISCONNECT, {}, { inFlightMaxBytes: 1 });
    const first = bench.send('a'.repeat(3_400));
    const second = bench.send('b'.repeat(3_000));
    const startMs = bench.runtime.nowMs();
    await bench.runtime.advance(0);
    expect([first.code, second.code]).toEqual([SEND_OK, WOULDBLOCK]);
    expect([bench.runtime.nowMs(), bench.transport.isConnected()]).toEqual([startMs, true]);
    await bench.runtime.advance(1_000);
    const again = bench.send('b'.repeat(3_000));
    await bench.runtime.advance(1_000);
    expect(again.code).toBe(SEND_OK);
    expect(bench.received).toEqual(['a'.repeat(3_400), 'b'.repeat(3_000)]);
    expect([bench.server.accepted, bench.typesOf('disconnected')]).toEqual([1, []]);
  });

  test('S20 an ack that does not come in time is TIMEOUT, and the connection stays', async () => {
    const bench = await Bench.connected(RETURN_ON_ERROR_NO_DISCONNECT);
    bench.transport.setSendTimeoutPolicy(RETURN_ON_ERROR_NO_DISCONNECT, WAIT_FOR_ACK, 0.015);
    const late = bench.send('late');
    await bench.runtime.advance(15);
    expect([late.code, bench.transport.isConnected()]).toEqual([TIMEOUT, true]);
    await bench.runtime.advance(100);
    expect(bench.received).toEqual(['late']);
    bench.transport.setSendTimeoutPolicy(RETURN_ON_ERROR_NO_DISCONNECT, WAIT_FOR_ACK, 1);
    const next = bench.send('next');
    await bench.runtime.advance(100);
    expect([next.code, bench.server.accepted]).toEqual([SEND_OK, 1]);
  });
});

describe('flush', () => {
  test('S23 is true when the server has everything, and false without a connection', async () => {
    const bench = await Bench.connected(RETURN_ON_ERROR);
    bench.send(1);
    bench.send(2);
    const clear = bench.transport.flush(1);
    await bench.runtime.advance(2 * LATENCY_MS);
    expect([await clear, bench.received]).toEqual([true, [1, 2]]);
    await Promise.all([bench.transport.disconnect(), bench.runtime.advance(1_000)]);
    expect(await bench.transport.flush(1)).toBe(false);
  });

  test('S23 is false when the connection is lost meanwhile, under every policy', async () => {
    for (const onError of [SUSPEND_ON_ERROR, RETURN_ON_ERROR, RETURN_ON_ERROR_NO_DISCONNECT] as const) {
      const bench = await Bench.connected(onError);
      bench.send(1);
      const clear = bench.transport.flush(30);
      await bench.runtime.advance(LATENCY_MS + 1);
      bench.takeAway();
      expect(await clear).toBe(false);
      // It does not prove that anything was lost.
      expect(bench.received).toEqual([1]);
    }
  });

  test('S23 with 0 seconds tells how it is now', async () => {
    const bench = await Bench.connected(RETURN_ON_ERROR);
    expect(await bench.transport.flush(0)).toBe(true);
    bench.send(1);
    expect(await bench.transport.flush(0)).toBe(false);
    await bench.runtime.advance(2 * LATENCY_MS);
    expect(await bench.transport.flush(0)).toBe(true);
    expect([bench.transport.isConnected(), bench.server.accepted]).toEqual([true, 1]);
  });

  test('S23 is false when the time is over, and leaves the connection alone', async () => {
    const bench = await Bench.connected(RETURN_ON_ERROR);
    bench.network.setBlackHole(true);
    bench.send(1);
    const clear = bench.transport.flush(5);
    await bench.runtime.advance(5_000);
    expect([await clear, bench.transport.isConnected()]).toEqual([false, true]);
  });
});

describe('a program that is gone', () => {
  test('S6 restartProgram forgets its calls, handlers and policy; the connection and the buffer stay', async () => {
    const bench = await Bench.connected(RETURN_ON_ERROR);
    bench.transport.setSendBufferSize(9_000);
    bench.transport.on('ping', () => expect.fail('a handler of the program that is gone'));
    const result = bench.send('before');
    bench.transport.setSendTimeoutPolicy(RETURN_ON_ERROR, WAIT_FOR_ACK, 1);
    const waiting = bench.send('waiting');
    bench.transport.restartProgram();
    await bench.runtime.advance(5_000);
    expect([waiting.code, result.code]).toEqual([undefined, SEND_OK]);
    expect(bench.transport.isConnected()).toBe(true);
    expect(bench.transport.sendBuffer.capacityBytes).toBe(9_000);
    void bench.server.latest.send('ping', 1, 1_000);
    await bench.runtime.advance(100);
    expect(bench.events.at(-1)).toEqual({ type: 'messageDropped', name: 'ping' });
    bench.takeAway();
    expect(bench.typesOf('suspended')).toEqual(['suspended']);
  });

  test('S4 powerOff ends everything at once, and the buffer has its first size again', async () => {
    const bench = await Bench.connected(RETURN_ON_ERROR);
    bench.transport.setSendBufferSize(9_000);
    bench.transport.keepConnected();
    bench.send('in the buffer', 'lost');
    bench.transport.powerOff();
    await bench.runtime.advance(3_600_000);
    expect(bench.transport.isConnected()).toBe(false);
    expect(bench.transport.sendBuffer).toMatchObject({ capacityBytes: 3_456, usedBytes: 0 });
    expect([bench.dialsAtMs.length, bench.runtime.pendingTimers]).toEqual([1, 0]);
  });

  test('restartProgram while suspended: what was held goes nowhere, and the next program sends', async () => {
    const bench = await Bench.connected(SUSPEND_ON_ERROR);
    bench.takeAway();
    const [held, connecting] = [bench.send('held'), bench.transport.connect()];
    void connecting.then(() => expect.fail('an answer for a program that is gone'));
    bench.transport.restartProgram();
    bench.network.setReachable(true);
    const next = bench.send('next');
    await bench.runtime.advance(60_000);
    expect([held.code, next.code, bench.received]).toEqual([undefined, SEND_OK, ['next']]);
  });

  test('powerOff while suspended leaves nothing behind, and the device can be used again', async () => {
    const bench = await Bench.connected(SUSPEND_ON_ERROR);
    bench.takeAway();
    const held = bench.send('held');
    bench.transport.powerOff();
    await bench.runtime.advance(3_600_000);
    expect([held.code, bench.dialsAtMs.length, bench.runtime.pendingTimers]).toEqual([undefined, 1, 0]);
    bench.network.setReachable(true);
    const next = bench.send('next');
    await bench.runtime.advance(1_000);
    expect([held.code, next.code, bench.received]).toEqual([undefined, SEND_OK, ['next']]);
  });
});
