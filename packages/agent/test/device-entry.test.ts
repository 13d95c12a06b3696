import { GroupCommit, ReceivingHalf } from '@holdfast/reliable-channel';
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

it('belongs to one connection at a time, and is at rest without one and without work', async () => {
  const runtime = createVirtualRuntime({ seed: 1 });
  const store = await memoryStore().open();
  const receiving = await ReceivingHalf.open(store, {
    runtime,
    senderId: 'a',
    creditMessages: 1,
    inbox: new GroupCommit(store, runtime),
    handle: () => undefined,
    onWaitingChanged: () => {},
    onStoreProblem: () => {},
    onReplyDropped: () => {},
    onDataRefused: () => {},
  });
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
