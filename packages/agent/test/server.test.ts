import { CLOSE_CODE, encodeData, REFUSE_CODE } from '@holdfast/protocol';
import { encodeFrame, HANDSHAKE_FRAME_MAX_BYTES } from '@holdfast/protocol/core';
import { openReliableChannel } from '@holdfast/reliable-channel';
import { memoryStore } from '@holdfast/reliable-channel/memory';
import { CONNECT_REASON } from '@holdfast/transport';
import { describe, expect, it } from 'vitest';
import { type Authenticate, deviceTokens, sharedToken } from '../src/index.js';
import { deferred, heldStore, Rig, watch } from './support/rig.js';

const SECRET = 'correct-horse-battery-staple';

describe('letting in', () => {
  it('asks authenticate for id, token and address, and lets in whom it names', async () => {
    const asked: unknown[] = [];
    const authenticate: Authenticate = async (hello) => {
      asked.push(hello);
      return hello.token === SECRET;
    };
    const rig = await Rig.start({ authenticate });
    const device = await rig.device('press-7', SECRET);
    expect(asked).toEqual([{ deviceId: 'press-7', token: SECRET, peer: 'device' }]);
    expect(rig.events).toEqual([{ type: 'deviceConnected', device: 'press-7', peer: 'device' }]);
    await rig.until(device.disconnect());
    await rig.settle();
    expect(rig.events.at(-1)).toEqual({
      type: 'deviceDisconnected',
      device: 'press-7',
      detail: 'the device disconnects',
    });
    expect(rig.agent.stats()).toMatchObject({ connections: 0, devices: 0 });
  });

  it.each([
    ['a wrong token', sharedToken(SECRET), 'wrong'],
    ['no token', sharedToken(SECRET), undefined],
    ['an unknown device', deviceTokens({ other: SECRET }), SECRET],
    ['a yes that is not true', (() => 'yes') as unknown as Authenticate, SECRET],
  ])('keeps out %s with one clear reason', async (_, authenticate, token) => {
    const rig = await Rig.start({ authenticate });
    const transport = rig.transport('press-7', token);
    const seen = watch(transport);
    expect(await rig.until(transport.connect())).toBe(CONNECT_REASON.notAuthorised);
    expect(seen).toMatchObject([{ type: 'connectFailed', cause: { kind: 'refused', code: REFUSE_CODE.unauthorised } }]);
    expect(JSON.stringify(seen)).toContain('the device id or the token is wrong; check both on the device');
    expect(rig.events.map(({ type }) => type)).toEqual(['refused']);
    await rig.settle();
    expect(rig.agent.stats()).toMatchObject({ connections: 0, devices: 0 });
  });

  it('is tried again only slowly by a device with a wrong token, and works when the token is put right', async () => {
    const tokens: Record<string, string> = { 'press-7': 'old' };
    const rig = await Rig.start({ authenticate: (hello) => tokens[hello.deviceId] === hello.token });
    rig.agent.on('reading', () => {});
    const channel = await rig.channel('press-7', { token: SECRET });
    const delivery = channel.send('reading', 1);
    await rig.settle(60_000);
    // Every five seconds, which is the most that this device waits.
    expect(rig.eventsOf('refused').length).toBeLessThanOrEqual(13);
    tokens['press-7'] = SECRET;
    expect(await rig.until(delivery.settled)).toEqual({ status: 'acknowledged' });
  });

  it('asks a device to come again when authenticate throws or rejects, without telling why', async () => {
    let failures = 0;
    const authenticate: Authenticate = ({ token }) => {
      failures += 1;
      if (failures === 1) throw new Error(`no database for ${token}`);
      if (failures === 2) return Promise.reject(new Error(`no database for ${token}`));
      return true;
    };
    const rig = await Rig.start({ authenticate });
    const transport = rig.transport('a', SECRET);
    const seen = watch(transport);
    transport.keepConnected();
    await rig.when(() => transport.isConnected());
    expect(seen.filter(({ type }) => type === 'connectFailed')).toMatchObject(
      [1, 2].map(() => ({ cause: { code: REFUSE_CODE.overloaded, retryAfterMs: 250 } })),
    );
    expect(JSON.stringify([seen, rig.events])).not.toContain('database');
  });

  it('never tells a token: not in events, reasons, or errors', async () => {
    const rig = await Rig.start({ authenticate: deviceTokens({ a: SECRET, b: 'another' }) });
    const seen = [];
    for (const id of ['a', 'b', 'c']) {
      const transport = rig.transport(id, SECRET);
      seen.push(watch(transport));
      await rig.until(transport.connect());
    }
    const raw = await rig.raw();
    const hello = encodeFrame({ type: 'hello', version: 1, deviceId: 'a', token: SECRET });
    // Not UTF-8 any more, right behind the token.
    hello[hello.length - 1] = 0xff;
    raw.write(hello);
    await rig.settle();
    expect(raw.framesOf('close')).toMatchObject([{ code: CLOSE_CODE.protocolError }]);
    expect(JSON.stringify([rig.events, seen, raw.frames])).not.toContain(SECRET.slice(0, -1));
  });

  it('asks a device to come again when the inbox can not be read, and lets it in later', async () => {
    const store = memoryStore();
    let isBroken = true;
    const factory = {
      name: 'breaks',
      open: async () => {
        const inner = await store.open();
        return {
          ...inner,
          get: (key: string) => (isBroken ? Promise.reject(new Error('the disk hums')) : inner.get(key)),
        };
      },
    };
    const rig = await Rig.start({ store: factory });
    const transport = rig.transport('a');
    transport.keepConnected();
    await rig.settle(500);
    expect(rig.eventsOf('storeProblem')[0]).toMatchObject({ device: 'a', detail: 'the disk hums' });
    isBroken = false;
    await rig.when(() => transport.isConnected());
  });
});

describe('one live connection per device', () => {
  it('the newer one wins, the older one is told, and they do not take turns', async () => {
    const rig = await Rig.start();
    const older = await rig.device('a');
    const seen = watch(older);
    older.keepConnected();
    const newer = rig.transport('a');
    newer.keepConnected();
    await rig.when(() => newer.isConnected());
    await rig.settle();
    expect(older.isConnected()).toBe(false);
    expect(newer.isConnected()).toBe(true);
    expect(seen[0]).toMatchObject({ type: 'disconnected', cause: { kind: 'closedByPeer', code: CLOSE_CODE.replaced } });
    expect(rig.events.slice(-2)).toEqual([
      { type: 'deviceConnected', device: 'a', peer: 'device' },
      { type: 'deviceReplaced', device: 'a', peer: 'device' },
    ]);
    expect(rig.eventsOf('deviceDisconnected')).toEqual([]);
    // Both go on wanting to be the one: each comes back after the longest wait that it has, five seconds.
    await rig.settle(60_000);
    expect(rig.eventsOf('deviceReplaced').length).toBeLessThanOrEqual(14);
    expect(rig.agent.stats()).toMatchObject({ connections: 1, devices: 1 });
  });

  it('a device whose link died unnoticed comes back at once, and nothing is lost or repeated', async () => {
    const rig = await Rig.start();
    const got: unknown[] = [];
    rig.agent.on('reading', (data) => got.push(data));
    const channel = await rig.channel('a');
    channel.send('reading', 1);
    await rig.until(channel.drain());
    // The device sees its link die; the agent does not hear of it.
    rig.network.setBlackHole(true);
    channel.send('reading', 2);
    await rig.settle(2_000);
    rig.network.setBlackHole(false);
    expect(rig.agent.stats().devices).toBe(1);
    expect(await rig.until(channel.drain())).toBe(true);
    expect(got).toEqual([1, 2]);
  });

  it('the connection that came later wins, also when it was checked sooner', async () => {
    const checks = [deferred(), deferred()];
    let calls = 0;
    const authenticate: Authenticate = async () => {
      await checks[calls++]?.promise;
      return true;
    };
    const rig = await Rig.start({ authenticate });
    const [first, second] = [await rig.raw(), await rig.raw()];
    const hello = { type: 'hello', version: 1, deviceId: 'a', token: '' } as const;
    first.send(hello);
    await rig.settle();
    second.send(hello);
    await rig.settle();
    checks[1]?.resolve();
    await rig.settle();
    checks[0]?.resolve();
    await rig.settle();
    expect(second.frames).toMatchObject([{ type: 'welcome' }]);
    expect(first.frames).toMatchObject([{ type: 'welcome' }, { type: 'close', code: CLOSE_CODE.replaced }]);
    expect(rig.agent.stats()).toMatchObject({ connections: 1, devices: 1 });
    expect(rig.eventsOf('deviceConnected')).toHaveLength(1);
  });

  it('two hellos at the same time make one memory of what was handled', async () => {
    const rig = await Rig.start();
    const got: unknown[] = [];
    rig.agent.on('reading', (data) => got.push(data));
    const [first, second] = [await rig.raw(), await rig.raw()];
    const hello = { type: 'hello', version: 1, deviceId: 'a', token: '' } as const;
    first.send(hello);
    second.send(hello);
    await rig.settle();
    expect([first, second].map((device) => device.framesOf('close').length)).toEqual([1, 0]);
    expect(rig.agent.stats()).toMatchObject({ connections: 1, devices: 1 });
  });
});

describe('limits', () => {
  it('a silent connection is closed at the handshake deadline', async () => {
    const rig = await Rig.start();
    const silent = await rig.raw();
    await rig.settle(9_000);
    expect(rig.agent.stats().connections).toBe(1);
    await rig.settle(2_000);
    expect(rig.agent.stats().connections).toBe(0);
    expect(silent.closedBecause).toBeDefined();
    expect(rig.eventsOf('handshakeFailed')).toEqual([
      { type: 'handshakeFailed', peer: 'device', detail: 'the other end did not answer in time' },
    ]);
  });

  it('one that says hello a byte at a time is closed at the same deadline', async () => {
    const rig = await Rig.start();
    const slow = await rig.raw();
    const hello = encodeFrame({ type: 'hello', version: 1, deviceId: 'a'.repeat(100), token: SECRET });
    for (const byte of hello) {
      slow.write(Uint8Array.of(byte));
      await rig.settle(100);
    }
    expect(slow.frames).toEqual([]);
    expect(slow.closedBecause).toBeDefined();
    expect(rig.agent.stats().connections).toBe(0);
  });

  it('a check that takes longer than the handshake may is given up, and its yes comes too late', async () => {
    const check = deferred();
    const rig = await Rig.start({ authenticate: () => check.promise.then(() => true) });
    const device = await rig.raw();
    device.send({ type: 'hello', version: 1, deviceId: 'a', token: '' });
    await rig.settle(11_000);
    check.resolve();
    await rig.settle();
    expect(device.frames).toEqual([]);
    expect(rig.agent.stats()).toMatchObject({ connections: 0, devices: 0 });
    expect(rig.events.map(({ type }) => type)).toEqual(['handshakeFailed']);
  });

  it('checks that outlive their connections are bounded by connectionsMax', async () => {
    let running = 0;
    let most = 0;
    const authenticate: Authenticate = () => {
      running += 1;
      most = Math.max(most, running);
      return new Promise(() => {});
    };
    const rig = await Rig.start({ authenticate, connectionsMax: 3 });
    for (let n = 1; n <= 10; n++) {
      const device = await rig.raw();
      device.send({ type: 'hello', version: 1, deviceId: `d${n}`, token: '' });
      await rig.settle();
      device.pipe.destroy();
      await rig.settle();
    }
    expect(most).toBe(3);
    expect(rig.eventsOf('refused')).toHaveLength(7);
  });

  it('beyond connectionsMax a newcomer takes the place of the oldest one that was not let in', async () => {
    const rig = await Rig.start({ connectionsMax: 3 });
    await rig.device('a');
    const silent = [await rig.raw(), await rig.raw()];
    await rig.device('b');
    expect(silent.map(({ closedBecause }) => closedBecause !== undefined)).toEqual([true, false]);
    expect(rig.agent.stats()).toMatchObject({ connections: 3, devices: 2 });
    await rig.device('c');
    // Everyone is a device now; nobody gives way.
    const late = await rig.raw();
    await rig.settle();
    expect(late.closedBecause).toBeDefined();
    expect(rig.agent.stats()).toMatchObject({ connections: 3, devices: 3 });
    expect(rig.events.at(-1)).toEqual({ type: 'handshakeFailed', peer: 'device', detail: 'too many connections' });
  });

  it('beyond devicesMax those at rest are forgotten, and those at work keep a newcomer waiting', async () => {
    const inbox = heldStore();
    const rig = await Rig.start({ devicesMax: 2, store: inbox.factory });
    rig.agent.on('reading', () => {});
    for (const id of ['a', 'b', 'c', 'd']) {
      const transport = rig.transport(id);
      const channel = await openReliableChannel({ transport, store: memoryStore() });
      channel.send('reading', id);
      await rig.until(channel.drain());
      await rig.until(channel.close());
      await rig.until(transport.disconnect());
      await rig.settle();
    }
    const transports = [await rig.device('a'), await rig.device('b')];
    const third = rig.transport('c');
    const seen = watch(third);
    third.keepConnected();
    await rig.settle();
    expect(seen[0]).toMatchObject({ type: 'connectFailed', cause: { kind: 'refused', code: REFUSE_CODE.overloaded } });
    expect(rig.eventsOf('refused')[0]).toMatchObject({ device: 'c', reason: 'the agent has too many devices now' });
    await rig.until((transports[0] as (typeof transports)[0]).disconnect());
    await rig.when(() => third.isConnected());
  });
});

describe('what is not Holdfast', () => {
  const text = new TextEncoder();

  it.each([
    ['an HTTP request', text.encode('GET / HTTP/1.1\r\nHost: example.org\r\n\r\n'), 'FRAME_TOO_LARGE'],
    ['a TLS hello', Uint8Array.of(0x16, 0x03, 0x01, 0x02, 0x00, 0x01, 0x00), 'FRAME_TOO_LARGE'],
    ['noughts', new Uint8Array(64), 'FRAME_MALFORMED'],
    [
      'a first frame above the limit',
      Uint8Array.of(0, 0, (HANDSHAKE_FRAME_MAX_BYTES >> 8) + 1, 0, 1),
      'FRAME_TOO_LARGE',
    ],
    ['another first frame', encodeFrame({ type: 'ping', nonce: 1 }), 'FRAME_UNEXPECTED'],
    ['a frame without a known type', Uint8Array.of(0, 0, 0, 1, 0xee), 'FRAME_UNKNOWN_TYPE'],
  ])('as %s closes that connection with a reason, and no device notices', async (_, bytes, code) => {
    const rig = await Rig.start();
    const device = await rig.device('a');
    const stranger = await rig.raw();
    stranger.write(bytes);
    await rig.settle();
    expect(stranger.frames).toEqual([
      { type: 'close', code: CLOSE_CODE.protocolError, reason: expect.stringContaining(`${code}: `) },
    ]);
    expect(stranger.closedBecause).toBeDefined();
    expect(rig.eventsOf('handshakeFailed')).toMatchObject([{ detail: expect.stringContaining(code) }]);
    expect(device.isConnected()).toBe(true);
  });

  it('as a version that is not spoken here is refused with the versions that are', async () => {
    const rig = await Rig.start();
    const stranger = await rig.raw();
    const hello = encodeFrame({ type: 'hello', version: 99, deviceId: 'a', token: '' });
    stranger.write(hello);
    await rig.settle();
    expect(stranger.frames).toMatchObject([
      { type: 'refuse', code: REFUSE_CODE.versionUnsupported, versionMin: 1, versionMax: 1 },
    ]);
    expect(rig.events).toHaveLength(1);
  });

  it.each([
    ['a frame above the limit', Uint8Array.of(0, 0xff, 0xff, 0xff, 4), 'FRAME_TOO_LARGE'],
    ['a second hello', encodeFrame({ type: 'hello', version: 1, deviceId: 'b', token: '' }), 'FRAME_UNEXPECTED'],
    [
      'data that is not MessagePack',
      encodeFrame({ type: 'message', name: 'a', data: Uint8Array.of(0xc1) }),
      'DATA_MALFORMED',
    ],
    [
      'a key that would change a prototype',
      encodeFrame({ type: 'message', name: 'a', data: Uint8Array.of(0x81, 0xa9, ...text.encode('__proto__'), 0x80) }),
      'DATA_UNSAFE_KEY',
    ],
    ['an ack of what was never sent', encodeFrame({ type: 'serverAck', count: 7 }), 'FRAME_UNEXPECTED'],
  ])('from a device that was let in, as %s, closes its connection alone', async (_, bytes, code) => {
    const rig = await Rig.start();
    const got: unknown[] = [];
    rig.agent.onAny((data) => got.push(data));
    const other = await rig.device('other');
    const bad = await rig.welcomed('bad');
    bad.send({ type: 'message', name: 'a', data: encodeData(1).slice() });
    bad.write(bytes);
    bad.send({ type: 'message', name: 'a', data: encodeData(2).slice() });
    await rig.settle();
    expect(bad.framesOf('close')).toEqual([
      { type: 'close', code: CLOSE_CODE.protocolError, reason: expect.stringContaining(`${code}: `) },
    ]);
    expect(rig.eventsOf('deviceDisconnected')).toMatchObject([{ device: 'bad' }]);
    await rig.until(other.send('a', 3));
    await rig.settle();
    expect(got).toEqual([1, 3]);
    expect(({} as Record<string, unknown>).polluted).toBeUndefined();
  });
});
