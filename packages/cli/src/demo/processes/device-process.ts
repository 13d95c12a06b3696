// The device of one way: a sensor whose readings are there at their time, and a program that gets them to the agent.

import { setTimeout as sleep } from 'node:timers/promises';
import { openReliableChannel } from '@holdfast/reliable-channel';
import { lmdbStore } from '@holdfast/reliable-channel/lmdb';
import { createTransport } from '@holdfast/transport';
import { tcp } from '@holdfast/transport/tcp';
import { DEMO_BACKOFF, DEMO_CONNECTION, READING_NAME } from '../demo-settings.js';
import { PlainTransmitter } from '../plain-transmitter.js';
import { type DeviceSettings, endWithConductor, processSettings, tellConductor } from '../process-messages.js';
import { readReadings } from '../readings.js';

/** How often the sensor is looked at. */
const SENSOR_MS = 20;
const PROGRESS_MS = 100;

const settings = processSettings<DeviceSettings>();
const readings = readReadings(settings.csv);
const transport = createTransport({
  deviceId: `press-7-${settings.way}`,
  link: tcp({ host: '127.0.0.1', port: settings.port }),
  reconnectBackoff: DEMO_BACKOFF,
  ...DEMO_CONNECTION,
});

/** How many readings the sensor has made by now. */
function madeByNow(): number {
  const part = (Date.now() - settings.startedAtMs) / settings.streamMs;
  return Math.min(readings.length, Math.floor(part * readings.length));
}

function message(index: number): object {
  return { index, ...readings[index] };
}

/** Calls `send` for every reading from `first` on, when its time has come. */
async function runSensor(first: number, send: (index: number) => void): Promise<void> {
  for (let next = first; next < readings.length; await sleep(SENSOR_MS)) {
    for (const made = madeByNow(); next < made; next++) send(next);
  }
}

async function sendPlainly(): Promise<number> {
  const transmitter = new PlainTransmitter(transport, settings.way === 'waitForAck', (index) => [
    READING_NAME,
    message(index),
  ]);
  const timer = setInterval(() => tellConductor({ type: 'progress', accepted: transmitter.accepted }), PROGRESS_MS);
  await runSensor(0, (index) => transmitter.add(index));
  await transmitter.finished();
  clearInterval(timer);
  return transmitter.accepted;
}

async function sendReliably(): Promise<number> {
  const channel = await openReliableChannel({ transport, store: lmdbStore(settings.outbox) });
  // Message n is reading n - 1, so after a restart the outbox itself says where to go on.
  const first = channel.stats().nextSequence - 1;
  let stored = first;
  channel.observe((event) => {
    if (event.type === 'stored') stored = event.last;
  });
  const timer = setInterval(() => tellConductor({ type: 'progress', accepted: stored }), PROGRESS_MS);
  await runSensor(first, (index) => channel.send(READING_NAME, message(index)));
  await channel.drain();
  clearInterval(timer);
  await channel.close();
  return stored;
}

endWithConductor();
const accepted = settings.way === 'reliableChannel' ? await sendReliably() : await sendPlainly();
await transport.disconnect();
tellConductor({ type: 'done', accepted }, () => process.exit());
