// imp, server and agent as a program sees them.

import { describe, expect, test } from 'vitest';
import { CONNECT_REASON, DISCONNECTED, NOT_CONNECTED, TIMEOUT, WOULDBLOCK } from '../../src/core/index.js';
import { TIMERS_MAX } from '../../src/impos/imp.js';
import * as impos from '../../src/impos/index.js';
import {
  type ImpDevice,
  RETURN_ON_ERROR,
  RETURN_ON_ERROR_NO_DISCONNECT,
  SEND_ERROR_NOT_CONNECTED,
  SEND_ERROR_TIMEOUT,
  SEND_ERROR_WOULDBLOCK,
  WAIT_FOR_ACK,
  WAIT_TIL_SENT,
} from '../../src/impos/index.js';
import { DeviceBench, type DeviceBenchOptions } from './bench.js';

/** A running program that does nothing; its device is the test's to use. */
async function idle(options: DeviceBenchOptions = {}): Promise<DeviceBench & { device: ImpDevice }> {
  let device: ImpDevice | undefined;
  const bench = new DeviceBench((given) => {
    device = given;
  }, options);
  await bench.runtime.advance(5_000);
  return Object.assign(bench, { device: device as ImpDevice });
}

test('S10 S30 the numbers behind the names are those that the transport answers with', () => {
  expect(impos).toMatchObject({
    SEND_ERROR_NOT_CONNECTED: NOT_CONNECTED,
    SEND_ERROR_TIMEOUT: TIMEOUT,
    SEND_ERROR_DISCONNECTED: DISCONNECTED,
    SEND_ERROR_WOULDBLOCK: WOULDBLOCK,
    NOT_CONNECTED: CONNECT_REASON.notConnected,
    NO_WIFI: CONNECT_REASON.noLink,
    NO_LINK: CONNECT_REASON.noLink,
    NO_IP_ADDRESS: CONNECT_REASON.noIpAddress,
    NOT_RESOLVED: CONNECT_REASON.notResolved,
    NO_SERVER: CONNECT_REASON.noServer,
    SERVER_CONNECTED: CONNECT_REASON.connected,
    NO_PROXY: CONNECT_REASON.noProxy,
    NOT_AUTHORISED: CONNECT_REASON.notAuthorised,
    NO_MODEM: CONNECT_REASON.noModem,
    SIM_ERROR: CONNECT_REASON.simError,
    NO_REGISTRATION: CONNECT_REASON.noRegistration,
    REGISTRATION_DENIED: CONNECT_REASON.registrationDenied,
    NO_PPP_CONNECTION: CONNECT_REASON.noPppConnection,
  });
});

describe('imp', () => {
  test('wakeup calls once, in hundredths of a second rounded up; cancelled timers never call', async () => {
    const { device, runtime } = await idle();
    const startMs = runtime.nowMs();
    const ran: [string, number][] = [];
    const note = (what: string) => () => void ran.push([what, runtime.nowMs() - startMs]);
    const fired = device.imp.wakeup(0, note('zero'));
    device.imp.wakeup(0.011, note('eleven'));
    const cancelled = device.imp.wakeup(0.5, note('cancelled'));
    device.imp.cancelwakeup(cancelled);
    await runtime.advance(60_000);
    device.imp.cancelwakeup(fired);
    device.imp.cancelwakeup(null);
    expect(ran).toEqual([
      ['zero', 0],
      ['eleven', 20],
    ]);
  });

  test('wakeup takes every whole hundredth as it is, whatever binary fractions make of it', async () => {
    const { device, runtime } = await idle();
    const startMs = runtime.nowMs();
    const hundredths = Array.from({ length: 1_000 }, (_, index) => index);
    const calledAfterMs: number[] = [];
    for (const count of hundredths) {
      device.imp.wakeup(count / 100, () => void calledAfterMs.push(runtime.nowMs() - startMs));
    }
    await runtime.advance(20_000);
    expect(calledAfterMs).toEqual(hundredths.map((count) => count * 10));
  });

  test('a timer that waits for the program can still be cancelled', async () => {
    const { device, runtime } = await idle();
    const timer = device.imp.wakeup(1, () => expect.fail('cancelled'));
    void device.imp.sleep(5);
    await runtime.advance(2_000);
    device.imp.cancelwakeup(timer);
    await runtime.advance(10_000);
  });

  test('has so many timers and not one more, and says what it can not do', async () => {
    const { device } = await idle();
    for (let count = 0; count < TIMERS_MAX; count++) expect(device.imp.wakeup(1_000, () => {})).not.toBeNull();
    expect(device.imp.wakeup(1_000, () => {})).toBeNull();
    expect(() => device.imp.wakeup(-1, () => {})).toThrow('seconds');
    expect(() => device.imp.wakeup(10_737_419, () => {})).toThrow('seconds');
    expect(() => device.server.sleepfor(2_419_199)).toThrow('seconds');
    expect(device.imp.getmemoryfree()).toBeGreaterThan(0);
  });

  test('S36 onidle runs once, when nothing else is to be run; one slot; null cancels', async () => {
    const bench = await idle();
    const { device, runtime } = bench;
    const ran: string[] = [];
    device.agent.on('ping', () => void ran.push('message'));
    void device.imp.sleep(1);
    device.imp.onidle(() => void ran.push('first'));
    device.imp.onidle(() => void ran.push('second'));
    void bench.server.latest.send('ping', 1, 1_000);
    await runtime.advance(5_000);
    expect(ran).toEqual(['message', 'second']);
    device.imp.onidle(() => expect.fail('cancelled'));
    device.imp.onidle(null);
    await runtime.advance(5_000);
    expect(ran).toHaveLength(2);
  });

  test('S5 setsendbuffersize answers with the size before', async () => {
    const { device } = await idle();
    expect([device.imp.setsendbuffersize(8_096), device.imp.setsendbuffersize(100_000)]).toEqual([3_456, 8_096]);
    expect(device.imp.setsendbuffersize(0)).toBe(30_720);
  });
});

describe('agent', () => {
  test('S10 S13 S20 answers with the codes of impOS', async () => {
    const bench = await idle({ network: { inFlightMaxBytes: 1 } });
    const { device, runtime } = bench;
    bench.network.setBlackHole(true);
    device.server.setsendtimeoutpolicy(RETURN_ON_ERROR_NO_DISCONNECT, WAIT_TIL_SENT, 1);
    const codes = [device.agent.send('n', new Uint8Array(3_000)), device.agent.send('n', new Uint8Array(3_000))];
    device.server.setsendtimeoutpolicy(RETURN_ON_ERROR, WAIT_FOR_ACK, 2);
    const late = device.agent.send('n', 1);
    await runtime.advance(2_000);
    expect(await Promise.all([...codes, late])).toEqual([0, SEND_ERROR_WOULDBLOCK, SEND_ERROR_TIMEOUT]);
    const away = device.agent.send('n', 1);
    await runtime.advance(0);
    expect(await away).toBe(SEND_ERROR_NOT_CONNECTED);
  });

  test('S44 data that can not be sent is refused before the buffer is touched', async () => {
    const bench = await idle();
    const { device } = bench;
    for (const data of [() => 1, new (class Pump {})(), { 'a\0': 1 }, undefined]) {
      await expect(device.agent.send('n', data)).rejects.toThrow(/function|instance|safe string|needs data/);
    }
    expect(bench.run.transport.sendBuffer.usedBytes).toBe(0);
    await bench.runtime.advance(1_000);
    expect([bench.received, device.server.isconnected()]).toEqual([[], true]);
  });

  test('S42 what can be sent arrives as it was sent', async () => {
    const bench = await idle();
    const sent = [
      null,
      true,
      false,
      0,
      1,
      -1,
      4.2,
      new Uint8Array([0, 255]),
      'text',
      [1, [null]],
      { a: { b: [true] } },
    ];
    for (const data of sent) void bench.device.agent.send('n', data);
    await bench.runtime.advance(1_000);
    expect(bench.received).toEqual(sent);
  });

  test('S43 a string with NUL arrives as a blob', async () => {
    const bench = await idle();
    void bench.device.agent.send('n', { text: 'a\0' });
    await bench.runtime.advance(100);
    expect(bench.received).toEqual([{ text: new Uint8Array([0x61, 0]) }]);
  });

  test('S37 S38 a message goes to the handler that was registered last, with one argument, or is logged', async () => {
    const bench = await idle();
    const calls: unknown[][] = [];
    bench.device.agent.on('ping', () => expect.fail('replaced'));
    bench.device.agent.on('ping', (...args) => void calls.push(args));
    for (const name of ['ping', 'nobody']) void bench.server.latest.send(name, name, 1_000);
    await bench.runtime.advance(100);
    expect(calls).toEqual([['ping']]);
    expect(bench.log).toEqual(["ERROR: no handler for device.send('nobody')"]);
  });

  test('while a send blocks, no handler and no timer runs; afterwards they do, in order', async () => {
    const bench = await idle({ network: { latencyMs: 500 } });
    const { device, runtime } = bench;
    const ran: string[] = [];
    device.server.setsendtimeoutpolicy(RETURN_ON_ERROR, WAIT_FOR_ACK, 30);
    device.agent.on('ping', () => void ran.push('handler'));
    device.imp.wakeup(0.2, () => void ran.push('timer'));
    void bench.server.latest.send('ping', 1, 1_000);
    void device.agent.send('n', 1).then((code) => ran.push(`code ${code}`));
    await runtime.advance(900);
    expect(ran).toEqual([]);
    await runtime.advance(200);
    expect(ran).toEqual(['code 0', 'timer', 'handler']);
  });
});

describe('server', () => {
  test('S23 flush is true when the server has everything', async () => {
    const bench = await idle();
    void bench.device.agent.send('n', 1);
    const clear = bench.device.server.flush(5);
    await bench.runtime.advance(1_000);
    expect([await clear, bench.received]).toEqual([true, [1]]);
  });

  test('log and error write to the host', async () => {
    const bench = await idle();
    bench.device.server.log('a line');
    bench.device.server.error(404);
    expect(bench.log).toEqual(['a line', 'ERROR: 404']);
  });

  test('connect refuses a timeout that is none, under RETURN_ON_ERROR', async () => {
    const { device } = await idle();
    device.server.setsendtimeoutpolicy(RETURN_ON_ERROR, WAIT_TIL_SENT, 1);
    await expect(device.server.connect(() => {}, 0)).rejects.toThrow('timeoutSeconds');
  });
});
