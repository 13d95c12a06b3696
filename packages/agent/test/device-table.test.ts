import { GroupCommit, ReceivingHalf } from '@holdfast/reliable-channel';
import { memoryStore } from '@holdfast/reliable-channel/memory';
import { createVirtualRuntime } from '@holdfast/simulator';
import { type FrameCarrier, SEND_OK } from '@holdfast/transport';
import { describe, expect, it } from 'vitest';
import { type DeviceConnection, DeviceEntry } from '../src/device-entry.js';
import { DeviceTable } from '../src/device-table.js';
import { deferred } from './support/rig.js';

const CARRIER: FrameCarrier = { isUp: false, freeBytes: 0, sendFrame: () => {}, attach: () => () => {} };
const SENDS: DeviceConnection['sends'] = { send: () => Promise.resolve(SEND_OK) };

async function newDevice(id: string): Promise<DeviceEntry> {
  const runtime = createVirtualRuntime({ seed: 1 });
  const store = await memoryStore().open();
  const receiving = await ReceivingHalf.open(store, {
    runtime,
    senderId: id,
    creditMessages: 1,
    inbox: new GroupCommit(store, runtime),
    handle: () => undefined,
    onWaitingChanged: () => {},
    onStoreProblem: () => {},
    onReplyDropped: () => {},
    onDataRefused: () => {},
  });
  return new DeviceEntry(id, receiving, { running: 0 });
}

const connect = (device: DeviceEntry): void => device.connect({ number: 1, carrier: CARRIER, sends: SENDS });

describe('DeviceTable', () => {
  it('opens a device once, however many ask for it at the same time', async () => {
    let opened = 0;
    const gate = deferred();
    const table = new DeviceTable(10, async (id) => {
      opened += 1;
      await gate.promise;
      return newDevice(id);
    });
    const got: DeviceEntry[] = [];
    const asking = [1, 2, 3].map(() => table.use('a', (device) => got.push(device)));
    expect([table.count, table.isAtRest]).toEqual([1, false]);
    gate.resolve();
    expect(await Promise.all(asking)).toEqual([true, true, true]);
    expect(opened).toBe(1);
    expect(new Set(got).size).toBe(1);
    expect([...table]).toEqual([table.get('a')]);
  });

  it('hands over an entry that can not be forgotten before it is connected', async () => {
    const table = new DeviceTable(1, newDevice);
    const got: string[] = [];
    const use = (id: string): Promise<boolean> =>
      table.use(id, (device) => {
        got.push(id);
        expect(table.get(id)).toBe(device);
        connect(device);
      });
    expect(await use('a')).toBe(true);
    expect(await use('b')).toBe(false);
    expect(got).toEqual(['a']);
    expect([...table].filter(({ connection }) => connection !== undefined)).toHaveLength(1);
  });

  it('is never larger than its limit, also while many are being opened', async () => {
    const gate = deferred();
    const table = new DeviceTable(3, async (id) => {
      await gate.promise;
      return newDevice(id);
    });
    const asking = ['a', 'b', 'c', 'd', 'e'].map((id) => table.use(id, connect));
    expect(table.count).toBe(3);
    gate.resolve();
    expect(await Promise.all(asking)).toEqual([true, true, true, false, false]);
  });

  it('makes room by forgetting those at rest, and only those', async () => {
    const table = new DeviceTable(2, newDevice);
    await table.use('away', () => {});
    await table.use('here', connect);
    expect(await table.use('new', connect)).toBe(true);
    expect([...table].map(({ id }) => id)).toEqual(['here', 'new']);
  });

  it('forgets an attempt that failed', async () => {
    let attempts = 0;
    const table = new DeviceTable(1, (id) => {
      attempts += 1;
      return attempts === 1 ? Promise.reject(new Error('no disk')) : newDevice(id);
    });
    await expect(table.use('a', connect)).rejects.toThrow('no disk');
    expect(table.count).toBe(0);
    expect(await table.use('a', connect)).toBe(true);
  });
});
