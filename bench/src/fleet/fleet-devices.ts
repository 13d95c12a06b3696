// The devices of the fleet benchmark, all in one process, each with a transport, a connection and a channel of its own.

import { openReliableChannel, type ReliableChannel } from '@holdfast/reliable-channel';
import { memoryStore } from '@holdfast/reliable-channel/memory';
import { createTransport } from '@holdfast/transport';
import { tcp } from '@holdfast/transport/tcp';
import { Flow } from '../peers/flow.js';
import { answerRequests } from '../processes/child.js';

/** Asks for devices. */
export interface ConnectRequest {
  readonly port: number;
  readonly from: number;
  readonly to: number;
}

/** Asks the first `devices` of them to deliver, all at once. */
export interface DeliverRequest {
  readonly devices: number;
  readonly messagesOfEach: number;
}

/** Messages of each device that may be on their way. */
const OUTSTANDING_MAX = 256;
const MESSAGE_BYTES = 256;
/** Connected at a time, so that the queue of the listening socket holds them. */
const CONNECTING_MAX = 100;

interface Device {
  readonly channel: ReliableChannel;
  flow: Flow | undefined;
}

const devices: Device[] = [];

async function connect({ port, from, to }: ConnectRequest): Promise<void> {
  for (let first = from; first < to; first += CONNECTING_MAX) {
    const numbers = Array.from({ length: Math.min(CONNECTING_MAX, to - first) }, (_, index) => first + index);
    const opened = await Promise.all(numbers.map((number) => openDevice(`device-${number}`, port)));
    devices.push(...opened);
  }
}

async function openDevice(deviceId: string, port: number): Promise<Device> {
  const link = tcp({ host: '127.0.0.1', port });
  const transport = createTransport({ deviceId, link, sendBufferBytes: 16_384 });
  const channel = await openReliableChannel({ transport, store: memoryStore() });
  const device: Device = { channel, flow: undefined };
  channel.observe((event) => {
    if (event.type === 'acknowledged') device.flow?.acknowledged(event.last - event.first + 1);
  });
  // One message each, so that both ends have everything that a device in use has.
  device.flow = flowOf(device, 1);
  await device.flow.deliver(1);
  return device;
}

function flowOf({ channel }: Device, outstandingMax: number): Flow {
  const data = new Uint8Array(MESSAGE_BYTES).fill(7);
  return new Flow(outstandingMax, () => channel.send('reading', data));
}

/** @returns when each was done, in milliseconds from the beginning */
async function deliver({ devices: count, messagesOfEach }: DeliverRequest): Promise<Float64Array> {
  const startMs = performance.now();
  const doneMs = new Float64Array(count);
  await Promise.all(
    devices.slice(0, count).map(async (device, index) => {
      device.flow = flowOf(device, OUTSTANDING_MAX);
      await device.flow.deliver(messagesOfEach);
      doneMs[index] = performance.now() - startMs;
    }),
  );
  return doneMs;
}

answerRequests({ connect, deliver });
