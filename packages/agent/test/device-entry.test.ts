import {
  CheckedStore,
  GroupCommit,
  ReceivingHalf,
  resolveSendingOptions,
  SendingHalf,
} from '@holdfast/reliable-channel';
import { memoryStore } from '@holdfast/reliable-channel/memory';
import { createVirtualRuntime } from '@holdfast/simulator';
import { type FrameCarrier, SEND_OK } from '@holdfast/transport';
import { expect, it } from 'vitest';
import { type DeviceConnection, DeviceEntry } from '../src/device-entry.js';

const SENDS: DeviceConnection['sends'] = { send: () => Promise.resolve(SEND_OK) };

/** A carrier that says how many channels are attached to it. */
function fakeCarrier(): FrameCarrier & { attached: number } {
  const carrier = {
    attached: 0,
    isUp: false,
    freeBytes: 0,
    sendFrame: () => {},
    attach: () => {
      carrier.attached += 1;
      return () => {
        carrier.attached -= 1;
      };
    },
  };
  return carrier;
}

async function halves() {
  const runtime = createVirtualRuntime({ seed: 1 });
  const store = new CheckedStore(await memoryStore().open());
  const commits = new GroupCommit(store, runtime);
  const receiving = await ReceivingHalf.open(store, {
    runtime,
    senderId: 'a',
    creditMessages: 1,
    inbox: commits,
    handle: () => undefined,
    onWaitingChanged: () => {},
    onStoreProblem: () => {},
    onReplyDropped: () => {},
    onDataRefused: () => {},
  });
  const sender = resolveSendingOptions({}, 'outbox/a');
  const openSending = () => SendingHalf.open({ runtime, store, commits, sender, emit: () => {} });
  return { receiving, openSending };
}

it('belongs to one connection at a time, and is at rest without one and without work', async () => {
  const { receiving } = await halves();
  const load = { running: 0 };
  const changes: number[] = [];
  const device = new DeviceEntry('a', receiving, load, (change) => changes.push(change));
  const [older, newer] = [fakeCarrier(), fakeCarrier()];
  const [first, second] = [
    { number: 1, carrier: older, sends: SENDS },
    { number: 2, carrier: newer, sends: SENDS },
  ];
  expect(device.isAtRest).toBe(true);
  device.connect(first);
  device.connect(second);
  expect([device.connection, older.attached, newer.attached]).toEqual([second, 0, 1]);
  // Late word of the older one changes nothing.
  expect(device.disconnect(first)).toBe(false);
  expect([device.connection, newer.attached]).toEqual([second, 1]);
  load.running = 1;
  expect(device.disconnect(second)).toBe(true);
  expect([device.connection, newer.attached, device.isAtRest]).toEqual([undefined, 0, false]);
  load.running = 0;
  expect(device.isAtRest).toBe(true);
  // A newer connection in place of an older one is no change.
  expect(changes).toEqual([1, -1]);
});

it('opens its sending half once, and attaches it to the connection that it has then', async () => {
  const { receiving, openSending } = await halves();
  const device = new DeviceEntry('a', receiving, { running: 0 });
  let opened = 0;
  const open = () => {
    opened += 1;
    return openSending();
  };
  const used = [device.useSending(open, (sending) => sending), device.useSending(open, (sending) => sending)];
  const carrier = fakeCarrier();
  device.connect({ number: 1, carrier, sends: SENDS });
  expect([carrier.attached, device.sending, device.isAtRest]).toEqual([1, undefined, false]);
  const [first, second] = await Promise.all(used);
  expect([first === second, first === device.sending, opened, carrier.attached]).toEqual([true, true, 1, 2]);
  const connection = device.connection as DeviceConnection;
  expect([device.disconnect(connection), carrier.attached, device.isAtRest]).toEqual([true, 0, true]);
});

it('tells everybody who waits that its outbox can not be opened, and tries again for the next one', async () => {
  const { receiving, openSending } = await halves();
  const device = new DeviceEntry('a', receiving, { running: 0 });
  const fail = () => Promise.reject(new Error('the disk is gone'));
  const used = [device.useSending(fail, () => 1), device.useSending(fail, () => 2)];
  await expect(Promise.allSettled(used)).resolves.toMatchObject([{ status: 'rejected' }, { status: 'rejected' }]);
  expect(device.isAtRest).toBe(true);
  await expect(device.useSending(openSending, () => 3)).resolves.toBe(3);
});

it('is closed after those who were about to use it have', async () => {
  const { receiving, openSending } = await halves();
  const device = new DeviceEntry('a', receiving, { running: 0 });
  const sending = device.useSending(openSending, (half) => half.send('set', 1));
  await device.close();
  const delivery = await sending;
  expect([delivery.outcome?.status, device.isAtRest]).toEqual(['cancelled', true]);
});
