// SUSPEND_ON_ERROR to the millisecond: when the program stands still, when the device dials, and what goes on afterwards.

import { describe, expect, test } from 'vitest';
import {
  type ImpDevice,
  RETURN_ON_ERROR,
  SUSPEND_ON_ERROR,
  WAIT_FOR_ACK,
  WAIT_TIL_SENT,
  WAKEREASON_POWER_ON,
  WAKEREASON_SNOOZE,
} from '../../src/impos/index.js';
import { DeviceBench } from './bench.js';

const MINUTE_MS = 60_000;
const SNOOZE_MS = 9 * MINUTE_MS;
/** The link takes one packet and nothing more. */
const STALLING = { network: { inFlightMaxBytes: 1 } };

describe('a send under SUSPEND_ON_ERROR', () => {
  test('S24 without a policy of its own a program waits 30 s for room, and then stands still', async () => {
    const ran: string[] = [];
    let sentAtMs = 0;
    const bench = new DeviceBench(async ({ agent }) => {
      bench.network.setBlackHole(true);
      sentAtMs = bench.runtime.nowMs();
      // WAIT_TIL_SENT: what is in the buffer is done, acknowledged or not.
      ran.push(`small ${await agent.send('n', 1)}`);
      ran.push(`large ${await agent.send('n', new Uint8Array(9_000))}`);
    }, STALLING);
    await bench.runtime.advance(29_000);
    expect([ran, bench.timesOf('suspended')]).toEqual([['small 0'], []]);
    await bench.runtime.advance(2_000);
    expect([ran, bench.timesOf('suspended')]).toEqual([['small 0'], [sentAtMs + 30_000]]);
  });

  test.each([
    ['WAIT_TIL_SENT', WAIT_TIL_SENT],
    ['WAIT_FOR_ACK', WAIT_FOR_ACK],
  ] as const)(
    'S14 one that times out does not return: the program halts, and sees a 0 on the next connection (%s)',
    async (_, waitFor) => {
      const codes: number[] = [];
      let sentAtMs = 0;
      const bench = new DeviceBench(async ({ server, agent }) => {
        server.setsendtimeoutpolicy(SUSPEND_ON_ERROR, waitFor, 10);
        bench.network.setBlackHole(true);
        sentAtMs = bench.runtime.nowMs();
        codes.push(await agent.send('large', new Uint8Array(9_000)));
      }, STALLING);
      await bench.runtime.advance(8_000);
      // The old link stays dead; a new one would not be.
      bench.network.setBlackHole(false);
      expect([codes, bench.timesOf('suspended')]).toEqual([[], []]);
      await bench.runtime.runUntil(() => bench.timesOf('suspended').length > 0, { limitMs: MINUTE_MS });
      expect([codes, bench.timesOf('suspended')]).toEqual([[], [sentAtMs + 10_000]]);
      await bench.runtime.advance(5_000);
      expect([codes, bench.received]).toEqual([[0], [new Uint8Array(9_000)]]);
      expect(bench.wakeReasons).toEqual([WAKEREASON_POWER_ON]);
    },
  );

  test('S25 all that have no result are made again, in the order of the calls', async () => {
    const ran: string[] = [];
    const bench = new DeviceBench(({ imp, server, agent }) => {
      server.setsendtimeoutpolicy(SUSPEND_ON_ERROR, WAIT_FOR_ACK, 30);
      const send = (data: number) => void agent.send('n', data).then((code) => ran.push(`${data}: ${code}`));
      imp.wakeup(5, () => {
        // Is lost on its way; the two behind it find the connection gone.
        send(1);
        bench.takeAway();
        for (const data of [2, 3]) send(data);
      });
    });
    await bench.runtime.advance(10_000);
    expect([ran, bench.received]).toEqual([[], []]);
    bench.network.setReachable(true);
    await bench.runtime.advance(MINUTE_MS);
    expect([ran, bench.received]).toEqual([
      ['1: 0', '2: 0', '3: 0'],
      [1, 2, 3],
    ]);
  });
});

describe('a suspended program', () => {
  test('S25 a blocked flush has no result until the program resumes', async () => {
    const ran: string[] = [];
    const bench = new DeviceBench(async ({ server, agent }) => {
      await agent.send('n', 1);
      bench.network.setBlackHole(true);
      await agent.send('n', 2);
      ran.push(`flush ${await server.flush(300)}`);
    });
    await bench.runtime.advance(5_000);
    bench.network.setBlackHole(false);
    bench.takeAway();
    await bench.runtime.advance(30_000);
    expect([ran, bench.typesOf('suspended')]).toEqual([[], ['suspended']]);
    bench.network.setReachable(true);
    await bench.runtime.advance(30_000);
    expect([ran, bench.typesOf('resumed')]).toEqual([['flush false'], ['resumed']]);
  });

  test('S27 goes on with what waited: messages that came before the loss, and timers, each once and in order', async () => {
    const ran: string[] = [];
    const bench = new DeviceBench(async ({ imp, agent }) => {
      agent.on('ping', (data) => void ran.push(`message ${data}`));
      imp.wakeup(20, () => void ran.push('timer 20'));
      imp.wakeup(10, () => void ran.push('timer 10'));
      await imp.sleep(5);
      ran.push('slept');
    });
    await bench.runtime.advance(1_000);
    for (const data of [1, 2]) void bench.server.latest.send('ping', data, 1_000);
    await bench.runtime.advance(1_000);
    bench.takeAway();
    await bench.runtime.advance(40_000);
    expect([ran, bench.typesOf('suspended')]).toEqual([[], ['suspended']]);
    bench.network.setReachable(true);
    await bench.runtime.advance(MINUTE_MS);
    expect(ran).toEqual(['slept', 'message 1', 'message 2', 'timer 10', 'timer 20']);
    expect(bench.wakeReasons).toEqual([WAKEREASON_POWER_ON]);
  });

  test.each([
    ['S27 goes on in place when the connection is back a millisecond before the minute is over', 1, 'resumed'],
    ['S26 snoozes when the minute is over first', 0, 'snoozed'],
  ] as const)('%s', async (_, earlyMs, then) => {
    let answersAtMs = 0;
    const bench = new DeviceBench(() => {}, {
      network: { latencyMs: 0 },
      beforeDial: () =>
        new Promise((resolve) => bench.runtime.setTimer(Math.max(0, answersAtMs - bench.runtime.nowMs()), resolve)),
    });
    await bench.runtime.advance(1_000);
    const lostAtMs = bench.runtime.nowMs();
    answersAtMs = lostAtMs + MINUTE_MS - earlyMs;
    bench.network.cut();
    await bench.runtime.advance(MINUTE_MS);
    expect(bench.typesOf('suspended', 'resumed', 'snoozed')).toEqual(['suspended', then]);
    expect([...bench.timesOf('suspended'), ...bench.timesOf(then)]).toEqual([lostAtMs, answersAtMs]);
  });

  test('S32 is never told of an unexpected disconnect', async () => {
    const ran: string[] = [];
    const bench = new DeviceBench(({ server }) => {
      server.onunexpecteddisconnect((reason) => void ran.push(`lost ${reason}`));
    });
    await bench.runtime.advance(1_000);
    bench.takeAway();
    await bench.runtime.advance(20 * MINUTE_MS);
    expect([ran, bench.timesOf('snoozed').length]).toEqual([[], 1]);
  });
});

describe('snooze', () => {
  test.each([1, 2, 3])(
    'S26 dials for a minute, snoozes for nine, and so on to the millisecond (seed %i)',
    async (seed) => {
      const bench = new DeviceBench(() => {}, { seed });
      await bench.runtime.advance(1_000);
      bench.takeAway();
      const lostAtMs = bench.runtime.nowMs();
      const first = bench.dialsAtMs.length;
      await bench.runtime.advance(5 * (MINUTE_MS + SNOOZE_MS));
      expect(bench.timesOf('snoozed')).toEqual([lostAtMs + MINUTE_MS]);
      const dials = bench.dialsAtMs.slice(first).map((atMs) => atMs - lostAtMs);
      for (const round of [0, 1, 2, 3, 4]) {
        const begunMs = round * (MINUTE_MS + SNOOZE_MS);
        const [begin, ...more] = dials.filter((atMs) => atMs >= begunMs && atMs < begunMs + MINUTE_MS + SNOOZE_MS);
        // Awake, it dials at once; after the loss it waits as the backoff says.
        if (round > 0) expect(begin).toBe(begunMs);
        else expect(begin).toBeLessThanOrEqual(500);
        expect(more.length).toBeGreaterThan(0);
        expect(more.every((atMs) => atMs < begunMs + MINUTE_MS)).toBe(true);
      }
    },
  );

  test('S27 nothing of the life before goes on: calls, callbacks, handlers, idle and timers', async () => {
    const ran: string[] = [];
    const lives: ImpDevice[] = [];
    const bench = new DeviceBench(async (device) => {
      const { imp, server, agent } = device;
      lives.push(device);
      if (lives.length > 1) return;
      const note = (what: string) => () => void ran.push(what);
      server.setsendtimeoutpolicy(RETURN_ON_ERROR, WAIT_TIL_SENT, 30);
      void server.connect(note('connect'));
      server.onunexpecteddisconnect(note('disconnect'));
      server.onshutdown(note('shutdown'));
      server.setsendtimeoutpolicy(SUSPEND_ON_ERROR, WAIT_FOR_ACK, 30);
      agent.on('ping', note('handler'));
      bench.takeAway();
      imp.wakeup(70, note('timer'));
      imp.wakeup(1_000, note('late timer'));
      imp.onidle(note('idle'));
      void agent.send('n', 1).then(note('send'));
      void imp.sleep(700).then(note('slept'));
      await server.flush(600);
      ran.push('flush');
    });
    await bench.runtime.advance(3 * MINUTE_MS);
    bench.network.setReachable(true);
    await bench.runtime.advance(20 * MINUTE_MS);
    void bench.server.latest.send('ping', 1, 1_000);
    bench.run.requestShutdown(3);
    await bench.runtime.advance(20 * MINUTE_MS);
    expect([ran, bench.received]).toEqual([[], []]);
    expect(bench.wakeReasons.slice(0, 2)).toEqual([WAKEREASON_POWER_ON, WAKEREASON_SNOOZE]);
    const ended = lives[0] as ImpDevice;
    const isEnded = expect.objectContaining({ code: 'PROGRAM_ENDED' });
    for (const call of [
      () => ended.imp.wakeup(1, () => {}),
      () => ended.imp.onidle(null),
      () => ended.imp.setsendbuffersize(9_000),
      () => ended.server.onshutdown(null),
      () => ended.server.restart(),
      () => ended.server.sleepfor(1),
      () => ended.imp.deepsleepfor(1),
      () => ended.imp.reset(),
      () => ended.server.log('a word'),
    ]) {
      expect(call).toThrow(isEnded);
    }
    for (const call of [ended.agent.send('n', 1), ended.server.connect(), ended.server.flush(1)]) {
      await expect(call).rejects.toEqual(isEnded);
    }
  });
});
