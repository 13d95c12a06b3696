// A device with a valid token that means harm. Goal: whatever it sends, what the agent holds of it stays within bounds,
// and other devices go on. Method: raw frames, and a look at what is held.

import { encodeData, NACK_CODE } from '@holdfast/protocol';
import { type DataFrame, encodeEntry } from '@holdfast/protocol/core';
import { INBOX_RANGES_MAX } from '@holdfast/reliable-channel/core';
import type { Pipe } from '@holdfast/transport';
import { describe, expect, it } from 'vitest';
import { UNREAD_FRAMES_MAX } from '../src/bounded-carrier.js';
import type { Listener } from '../src/index.js';
import { memoryListener } from '../src/listeners/memory.js';
import { DEVICE_HANDLERS_MAX } from '../src/reliable-messages.js';
import { type RawDevice, Rig } from './support/rig.js';

const EPOCH = '00000000000000aa';

function data(
  first: number,
  fields: Partial<DataFrame> = {},
  bytes: Uint8Array = Uint8Array.from(encodeData(first)),
): DataFrame {
  const entries = encodeEntry('reading', bytes);
  return {
    type: 'data',
    epoch: EPOCH,
    floor: 1,
    lane: '',
    after: first - 1,
    first,
    attempt: 1,
    count: 1,
    entries,
    ...fields,
  };
}

function open(device: RawDevice, epoch = EPOCH): void {
  device.send({ type: 'open', epoch, lanes: [] });
}

/** An agent whose handler never ends, a bad device, and a good one that must not notice. */
async function setUp(options: Parameters<typeof Rig.start>[0] = {}) {
  const rig = await Rig.start(options);
  let calls = 0;
  rig.agent.on('reading', () => {
    calls += 1;
    return new Promise(() => {});
  });
  rig.agent.on('quick', () => {});
  const bad = await rig.welcomed('bad');
  const isGoodWell = async (): Promise<boolean> => {
    const good = await rig.channel('good');
    good.send('quick', 1);
    return rig.until(good.drain({ timeoutMs: 20_000 }));
  };
  return { rig, bad, isGoodWell, calls: () => calls };
}

/** A device whose link takes nothing from the agent while it is stalled. */
async function withSlowReader() {
  let isStalled = false;
  let resume: () => void = () => {};
  const rig = await Rig.start({
    listenersOf: (network) => {
      const listener = memoryListener(network);
      const listen: Listener['listen'] = (accept) =>
        listener.listen((makePipe) => {
          accept((events) => {
            const pipe = makePipe(events);
            const write: Pipe['write'] = (bytes, onTaken) => {
              if (!isStalled) pipe.write(bytes, onTaken);
              else resume = () => pipe.write(bytes, onTaken);
            };
            return { write, peer: pipe.peer, end: () => pipe.end(), destroy: () => pipe.destroy() };
          });
        });
      return [{ ...listener, listen }];
    },
    connection: { sendBufferBytes: 64, sendBufferMaxBytes: 64 },
  });
  rig.agent.on('reading', () => {});
  const bad = await rig.welcomed('bad');
  open(bad);
  bad.send(data(1));
  await rig.settle();
  const stall = (): void => {
    isStalled = true;
  };
  return {
    rig,
    bad,
    stall,
    resume: () => {
      isStalled = false;
      resume();
    },
  };
}

describe('what one device can make grow', () => {
  it('handlers at one time, with a lane for every message: no more than 64', async () => {
    const { rig, bad, calls, isGoodWell } = await setUp();
    open(bad);
    for (let n = 1; n <= 500; n++) bad.send(data(n, { lane: `lane ${n}`, after: 0 }));
    await rig.settle();
    expect(calls()).toBe(DEVICE_HANDLERS_MAX);
    expect(bad.framesOf('nack')).toHaveLength(500 - DEVICE_HANDLERS_MAX);
    expect(await isGoodWell()).toBe(true);
  });

  it('the same with a new epoch for every message', async () => {
    const { rig, bad, calls, isGoodWell } = await setUp();
    for (let n = 1; n <= 500; n++) {
      const epoch = n.toString(16).padStart(16, '0');
      open(bad, epoch);
      bad.send(data(1, { epoch }));
    }
    await rig.settle();
    expect(calls()).toBe(DEVICE_HANDLERS_MAX);
    expect(await isGoodWell()).toBe(true);
  });

  it('the same by coming again and again', async () => {
    const { rig, calls } = await setUp({ devicesMax: 2 });
    for (let n = 1; n <= 100; n++) {
      const device = await rig.welcomed('bad');
      const epoch = n.toString(16).padStart(16, '0');
      open(device, epoch);
      device.send(data(1, { epoch }));
      await rig.settle(5);
      device.pipe.destroy();
      await rig.settle(5);
    }
    expect(calls()).toBe(DEVICE_HANDLERS_MAX);
  });

  it('messages that wait: no more than its credit', async () => {
    const { rig, bad, calls, isGoodWell } = await setUp({ creditMessages: 100 });
    open(bad);
    for (let n = 1; n <= 1_000; n++) bad.send(data(n));
    await rig.settle();
    expect(calls()).toBe(1);
    expect(rig.agent.stats().queuedMessages).toBe(99);
    expect(await isGoodWell()).toBe(true);
  });

  it('bytes of messages that wait: no more than four megabytes and one message', async () => {
    const { rig, bad, isGoodWell } = await setUp();
    open(bad);
    const large = encodeData(new Uint8Array(200_000)).slice();
    const fits = Math.ceil((4 * 1024 * 1024) / large.length);
    const flood = async (): Promise<void> => {
      for (let n = 1; n <= 50; n++) {
        bad.send(data(n, {}, large));
        await rig.settle(2);
      }
      expect(rig.agent.stats().queuedMessages).toBe(fits);
    };
    await flood();
    // What is given back makes room.
    await rig.agent.restart(() => {});
    expect(rig.agent.stats().queuedMessages).toBe(0);
    await flood();
    rig.agent.on('quick', () => {});
    expect(bad.framesOf('nack')[0]).toMatchObject({ code: NACK_CODE.overloaded });
    expect(await isGoodWell()).toBe(true);
  });

  it('gaps in its numbers: it is told to wait', async () => {
    const { rig, bad, isGoodWell } = await setUp();
    open(bad);
    rig.agent.on('reading', () => {});
    for (let n = 1; n <= INBOX_RANGES_MAX + 100; n++) bad.send(data(2 * n, { after: 0 }));
    await rig.settle();
    expect(rig.agent.stats().handledMessages).toBeLessThanOrEqual(INBOX_RANGES_MAX);
    expect(bad.framesOf('nack').at(-1)).toMatchObject({ code: NACK_CODE.overloaded });
    expect(await isGoodWell()).toBe(true);
  });

  it('plain messages that wait: its share, by count and by bytes', async () => {
    const { rig, bad, isGoodWell } = await setUp({ deviceQueueMaxMessages: 500, deviceQueueMaxBytes: 300_000 });
    const tiny = encodeData(1).slice();
    for (let n = 1; n <= 1_000; n++) bad.send({ type: 'message', name: 'reading', data: tiny });
    await rig.settle();
    expect(rig.agent.stats().queuedMessages).toBe(500);
    const other = await rig.welcomed('worse');
    const large = encodeData(new Uint8Array(100_000)).slice();
    for (let n = 1; n <= 50; n++) other.send({ type: 'message', name: 'reading', data: large });
    await rig.settle();
    expect(rig.agent.stats().queuedMessages).toBe(502);
    expect(await isGoodWell()).toBe(true);
  });

  it('acks that it does not read: the latest one takes the place of those before', async () => {
    const { rig, bad, stall, resume } = await withSlowReader();
    stall();
    for (let n = 1; n <= 10 * UNREAD_FRAMES_MAX; n++) bad.send(data(1));
    await rig.settle();
    expect(rig.agent.stats().devices).toBe(1);
    resume();
    await rig.settle();
    // A few filled the send buffer; of all the others the latest is left.
    expect(bad.framesOf('ack').length).toBeLessThan(10);
    bad.send(data(2));
    await rig.settle();
    expect(bad.framesOf('ack').at(-1)).toMatchObject({ handled: { cumulative: 2 } });
  });

  it('anything else that it does not read: the connection ends', async () => {
    const { rig, bad, stall } = await withSlowReader();
    stall();
    // Nobody asked for this epoch, so each of these is answered with a nack.
    const stranger = { epoch: '00000000000000bb' };
    for (let n = 1; n <= UNREAD_FRAMES_MAX; n++) bad.send(data(1, stranger));
    await rig.settle();
    expect(rig.agent.stats().devices).toBe(1);
    for (let n = 1; n <= 5; n++) bad.send(data(1, stranger));
    await rig.settle();
    expect(rig.eventsOf('deviceDisconnected')).toEqual([
      { type: 'deviceDisconnected', device: 'bad', detail: 'the device does not read what it is sent' },
    ]);
    expect(rig.agent.stats()).toMatchObject({ connections: 0, devices: 0 });
    await rig.settle(2_000);
    expect(bad.closedBecause).toBeDefined();
  });

  it('pings and hellos: one answer each, one connection', async () => {
    const { rig, bad, isGoodWell } = await setUp();
    for (let nonce = 1; nonce <= 1_000; nonce++) bad.send({ type: 'ping', nonce });
    await rig.settle();
    expect(bad.framesOf('pong').at(-1)).toEqual({ type: 'pong', nonce: 1_000 });
    for (let n = 1; n <= 200; n++) await rig.welcomed('bad');
    expect(rig.agent.stats()).toMatchObject({ connections: 1, devices: 1 });
    expect(await isGoodWell()).toBe(true);
  });
});
