// The life of a hosted program: boot, suspension, snooze, sleep, restarts. Numbers as in docs/impos-semantics.md.

import { describe, expect, test } from 'vitest';
import {
  type ImpDevice,
  RESTART_AFTER_ERROR_MS,
  RETURN_ON_ERROR,
  SHUTDOWN_NEWFIRMWARE,
  SHUTDOWN_NEWSQUIRREL,
  SHUTDOWN_OTHER,
  SUSPEND_ON_ERROR,
  WAIT_FOR_ACK,
  WAIT_TIL_SENT,
  WAKEREASON_NEW_FIRMWARE,
  WAKEREASON_NEW_SQUIRREL,
  WAKEREASON_POWER_ON,
  WAKEREASON_SNOOZE,
  WAKEREASON_SQUIRREL_ERROR,
  WAKEREASON_SW_RESET,
  WAKEREASON_SW_RESTART,
  WAKEREASON_TIMER,
} from '../../src/impos/index.js';
import { DeviceBench } from './bench.js';

const MINUTE_MS = 60_000;

/** A program that writes down what happens to it; its device is the test's to use. */
function recorder() {
  const ran: string[] = [];
  const lives: ImpDevice[] = [];
  return {
    ran,
    lives,
    get device(): ImpDevice {
      return lives.at(-1) as ImpDevice;
    },
    program: (device: ImpDevice): void => {
      lives.push(device);
      ran.push(`start ${device.hardware.wakereason()}`);
    },
  };
}

describe('booting', () => {
  test('finds a connection first, then starts the program', async () => {
    const { ran, program } = recorder();
    const bench = new DeviceBench((device) => {
      program(device);
      ran.push(`connected: ${device.server.isconnected()}`);
    });
    await bench.runtime.advance(1_000);
    expect(ran).toEqual([`start ${WAKEREASON_POWER_ON}`, 'connected: true']);
  });

  test('starts the program after a minute without one', async () => {
    const { lives, program } = recorder();
    const bench = new DeviceBench(program, { isReachable: false });
    await bench.runtime.advance(MINUTE_MS - 1);
    expect(lives).toHaveLength(0);
    await bench.runtime.advance(1);
    expect([lives.length, lives[0]?.server.isconnected()]).toEqual([1, false]);
    const dials = bench.dialsAtMs.length;
    await bench.runtime.advance(60 * MINUTE_MS);
    expect(bench.dialsAtMs).toHaveLength(dials);
  });
});

describe('a program under SUSPEND_ON_ERROR', () => {
  test('S25 stands still on a lost link: timers, handlers, pending sends; S27 back within the minute it goes on in place', async () => {
    const ran: string[] = [];
    const bench = new DeviceBench(async ({ imp, server, agent }) => {
      const local = 'a local variable';
      server.setsendtimeoutpolicy(SUSPEND_ON_ERROR, WAIT_FOR_ACK, 30);
      agent.on('ping', (data) => void ran.push(`handler ${data}`));
      imp.wakeup(40, () => void ran.push('timer 40'));
      imp.wakeup(20, () => void ran.push('timer 20'));
      imp.wakeup(5, async () => {
        ran.push(`result ${await agent.send('from the timer', 1)}, ${local}`);
      });
    });
    await bench.runtime.advance(1_000);
    bench.takeAway();
    await bench.runtime.advance(50_000);
    expect(ran).toEqual([]);
    bench.network.setReachable(true);
    await bench.runtime.advance(30_000);
    expect(ran).toEqual(['result 0, a local variable', 'timer 20', 'timer 40']);
    expect(bench.received).toEqual([1]);
    expect(bench.typesOf('started', 'suspended', 'resumed', 'snoozed')).toEqual(['started', 'suspended', 'resumed']);
    void bench.server.latest.send('ping', 'pong', 1_000);
    await bench.runtime.advance(100);
    expect(ran.at(-1)).toBe('handler pong');
  });

  test('S27 after the minute it snoozes (S26), wakes each nine minutes, and starts from the top with reason 7 and its nv', async () => {
    const { ran, lives, program } = recorder();
    const bench = new DeviceBench((device) => {
      program(device);
      device.nv.starts = Number(device.nv.starts ?? 0) + 1;
      device.imp.setsendbuffersize(9_000 + lives.length);
      const life = lives.length;
      device.imp.wakeup(100, () => void ran.push(`timer of life ${life}`));
      device.agent.on('ping', () => void ran.push('handler'));
    });
    await bench.runtime.advance(1_000);
    const [first] = lives;
    bench.takeAway();
    const lostAtMs = bench.runtime.nowMs();
    const result = first?.agent.send('n', 1).then(() => ran.push('a result of the first life'));
    expect(result).toBeInstanceOf(Promise);
    await bench.runtime.advance(19 * MINUTE_MS);
    expect(bench.typesOf('suspended', 'snoozed')).toEqual(['suspended', 'snoozed']);
    const minutes = bench.dialsAtMs.slice(1).map((atMs) => Math.floor((atMs - lostAtMs) / MINUTE_MS));
    expect([...new Set(minutes)]).toEqual([0, 10]);
    expect(bench.run.transport.sendBuffer.capacityBytes).toBe(3_456);
    expect(() => first?.agent.on('ping', () => {})).toThrow(expect.objectContaining({ code: 'PROGRAM_ENDED' }));
    bench.network.setReachable(true);
    await bench.runtime.advance(2 * MINUTE_MS);
    expect(bench.wakeReasons).toEqual([WAKEREASON_POWER_ON, WAKEREASON_SNOOZE]);
    expect(lives[1]?.nv).toEqual({ starts: 2 });
    expect(bench.run.transport.sendBuffer.capacityBytes).toBe(9_002);
    await bench.runtime.advance(MINUTE_MS);
    expect(ran).toEqual([`start ${WAKEREASON_POWER_ON}`, `start ${WAKEREASON_SNOOZE}`, 'timer of life 2']);
    expect(bench.received).toEqual([]);
  });

  test('S29 connect blocks, and its arguments mean nothing; S33 after disconnect the next call connects', async () => {
    const ran: string[] = [];
    const bench = new DeviceBench(async ({ server, agent }) => {
      await server.disconnect();
      ran.push(`connected: ${server.isconnected()}`);
      ran.push(`send: ${await agent.send('n', 1)}`);
      await server.disconnect();
      await server.connect(() => void ran.push('callback'), 0.001);
      ran.push(`connected: ${server.isconnected()}`);
    });
    await bench.runtime.advance(10_000);
    expect(ran).toEqual(['connected: false', 'send: 0', 'connected: true']);
  });
});

describe('a program under RETURN_ON_ERROR', () => {
  test('S29 connect tells the latest callback; S32 a loss is told after 60 s; S33 S28 only connect connects', async () => {
    const ran: string[] = [];
    const { lives, program } = recorder();
    const bench = new DeviceBench((device) => {
      program(device);
      device.server.settimeoutpolicy(RETURN_ON_ERROR, WAIT_TIL_SENT, 10);
      device.server.onunexpecteddisconnect((reason) => void ran.push(`lost ${reason}`));
    });
    await bench.runtime.advance(1_000);
    bench.takeAway();
    expect(await lives[0]?.agent.send('n', 1)).toBe(1);
    await bench.runtime.advance(2 * MINUTE_MS);
    expect(ran).toEqual(['lost 4']);
    bench.network.setReachable(true);
    await bench.runtime.advance(10 * MINUTE_MS);
    expect(lives[0]?.server.isconnected()).toBe(false);
    void lives[0]?.server.connect((reason) => void ran.push(`first ${reason}`), 30);
    void lives[0]?.server.connect((reason) => void ran.push(`second ${reason}`));
    await bench.runtime.advance(1_000);
    expect(ran).toEqual(['lost 4', 'second 5']);
    void lives[0]?.server.connect((reason) => void ran.push(`third ${reason}`));
    await bench.runtime.advance(1_000);
    expect(ran.at(-1)).toBe('third 5');
    expect(bench.wakeReasons).toEqual([WAKEREASON_POWER_ON]);
  });
});

describe('sleep', () => {
  test.each([
    ['S35 sleepfor sends what is left first', 'sleepfor', [1, 2]],
    ['S35 deepsleepfor loses what is in the buffer', 'deepsleepfor', [1]],
  ] as const)('%s; then the program starts offline with reason 1', async (_, call, received) => {
    const { lives, program } = recorder();
    const bench = new DeviceBench(
      async (device) => {
        program(device);
        if (lives.length > 1) return;
        device.server.setsendtimeoutpolicy(RETURN_ON_ERROR, WAIT_TIL_SENT, 10);
        for (const data of [1, 2]) void device.agent.send('n', data);
        void (call === 'sleepfor' ? device.server.sleepfor(600) : device.imp.deepsleepfor(600));
      },
      { network: { inFlightMaxBytes: 1 } },
    );
    await bench.runtime.advance(9 * MINUTE_MS);
    expect([lives.length, bench.run.transport.isConnected(), bench.received]).toEqual([1, false, received]);
    await bench.runtime.advance(2 * MINUTE_MS);
    expect(bench.wakeReasons).toEqual([WAKEREASON_POWER_ON, WAKEREASON_TIMER]);
    expect(lives[1]?.server.isconnected()).toBe(false);
  });
});

describe('restarts', () => {
  test('S6 server.restart starts the program from its top with reason 10, over the same connection and buffer', async () => {
    const { lives, program } = recorder();
    const bench = new DeviceBench((device) => {
      program(device);
      device.nv.count = lives.length;
      if (lives.length === 1) device.imp.setsendbuffersize(9_000);
    });
    await bench.runtime.advance(1_000);
    void lives[0]?.server.restart();
    await bench.runtime.advance(1_000);
    expect(bench.wakeReasons).toEqual([WAKEREASON_POWER_ON, WAKEREASON_SW_RESTART]);
    expect(lives[1]?.nv).toEqual({ count: 2 });
    expect([bench.server.accepted, bench.run.transport.sendBuffer.capacityBytes]).toEqual([1, 9_000]);
  });

  test('S4 imp.reset starts the device again with reason 2 and a small buffer', async () => {
    const { lives, program } = recorder();
    const bench = new DeviceBench(program);
    await bench.runtime.advance(1_000);
    lives[0]?.imp.setsendbuffersize(9_000);
    void lives[0]?.imp.reset();
    await bench.runtime.advance(1_000);
    expect(bench.wakeReasons).toEqual([WAKEREASON_POWER_ON, WAKEREASON_SW_RESET]);
    expect([bench.server.accepted, bench.run.transport.sendBuffer.capacityBytes]).toEqual([2, 3_456]);
  });

  test.each([
    [SHUTDOWN_NEWSQUIRREL, WAKEREASON_NEW_SQUIRREL],
    [SHUTDOWN_NEWFIRMWARE, WAKEREASON_NEW_FIRMWARE],
    [SHUTDOWN_OTHER, WAKEREASON_SW_RESTART],
  ] as const)('S34 a shutdown with reason %i is announced, and completed by restart', async (reason, wakeReason) => {
    const { ran, lives, program } = recorder();
    const bench = new DeviceBench((device) => {
      program(device);
      device.server.onshutdown((given) => {
        ran.push(`shutdown ${given}`);
        device.imp.wakeup(30, () => void device.server.restart());
      });
    });
    await bench.runtime.advance(1_000);
    bench.run.requestShutdown(reason);
    await bench.runtime.advance(29_000);
    expect(ran).toEqual(['start 0', `shutdown ${reason}`]);
    await bench.runtime.advance(2_000);
    expect(bench.wakeReasons).toEqual([WAKEREASON_POWER_ON, wakeReason]);
    expect(lives).toHaveLength(2);
  });

  test('S34 without a callback, or with null in its place, the restart is immediate', async () => {
    const { lives, program } = recorder();
    const bench = new DeviceBench(program);
    await bench.runtime.advance(1_000);
    lives[0]?.server.onshutdown(() => expect.fail('taken back'));
    lives[0]?.server.onshutdown(null);
    bench.run.requestShutdown(SHUTDOWN_OTHER);
    await bench.runtime.advance(0);
    expect(bench.wakeReasons).toEqual([WAKEREASON_POWER_ON, WAKEREASON_SW_RESTART]);
  });

  test('a new program takes the place of the old one, with reason 4', async () => {
    const { ran, program } = recorder();
    const bench = new DeviceBench(program);
    await bench.runtime.advance(1_000);
    bench.run.update((device) => void ran.push(`new program ${device.hardware.wakereason()}`));
    await bench.runtime.advance(1_000);
    expect(ran).toEqual(['start 0', 'new program 4']);
  });

  test('a program that throws is logged and started again a second later, with reason 5', async () => {
    let starts = 0;
    const bench = new DeviceBench(async ({ agent, nv }) => {
      starts += 1;
      nv.bad = () => 1;
      await agent.send('n', starts);
      if (starts < 3) throw new Error(`failure ${starts}`);
    });
    await bench.runtime.advance(RESTART_AFTER_ERROR_MS * 3);
    expect(bench.wakeReasons).toEqual([WAKEREASON_POWER_ON, WAKEREASON_SQUIRREL_ERROR, WAKEREASON_SQUIRREL_ERROR]);
    expect(bench.log).toEqual(['ERROR: the program failed: failure 1', 'ERROR: the program failed: failure 2']);
    expect(bench.events.filter(({ type }) => type === 'nvEntryLost')).toMatchObject([{ key: 'bad' }, { key: 'bad' }]);
    expect(bench.received).toEqual([1, 2, 3]);
  });

  test('stop ends program, connection and timers', async () => {
    const { program, lives } = recorder();
    const bench = new DeviceBench((device) => {
      program(device);
      device.imp.wakeup(100, () => expect.fail('a timer of a program that was stopped'));
    });
    await bench.runtime.advance(1_000);
    await Promise.all([bench.run.stop(), bench.runtime.advance(1_000)]);
    await bench.runtime.advance(60 * MINUTE_MS);
    expect([bench.runtime.pendingTimers, bench.run.transport.isConnected(), lives.length]).toEqual([0, false, 1]);
  });
});
