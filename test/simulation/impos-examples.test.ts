// The three example programs under impOS's names, each run to its end in virtual time, through cuts and outages at moments
// that a seed decides.

import { createAgent } from '@holdfast/agent';
import { memoryListener } from '@holdfast/agent/memory';
import { memoryStore } from '@holdfast/reliable-channel/memory';
import { createVirtualRuntime, randomInteger, seededRandom, type VirtualRuntime } from '@holdfast/simulator';
import { type DeviceProgram, RETURN_ON_ERROR, runDevice, WAIT_TIL_SENT } from '@holdfast/transport/impos';
import { createMemoryNetwork, type MemoryNetwork } from '@holdfast/transport/memory';
import { describe, expect, test } from 'vitest';
import { DATA_BYTES, growBuffer } from '../../examples/impos/grow-buffer.js';
import { BLOB_BYTES, BLOBS, sendBlobs } from '../../examples/impos/send-blobs.js';
import { MESSAGES, transmitter } from '../../examples/impos/transmitter.js';

const HOUR_MS = 3_600_000;
const SEEDS = Array.from({ length: 40 }, (_, index) => index + 1);

interface Run {
  readonly log: readonly string[];
  /** What the agent's handlers got, in order. */
  readonly received: readonly { readonly name: string; readonly data: unknown }[];
  readonly lifes: readonly number[];
  readonly cuts: number;
}

interface Faults {
  /** The longest pause between two. */
  readonly everyMs: number;
  /** No fault begins later. */
  readonly untilMs: number;
}

/** Runs a program until it has logged `lastLine`, while the network is broken now and then. */
async function run(seed: number, program: DeviceProgram, lastLine: string, faults: Faults): Promise<Run> {
  const runtime = createVirtualRuntime({ seed });
  const network = createMemoryNetwork({ runtime, latencyMs: 40, inFlightMaxBytes: 2_000 });
  const agent = createAgent({ listeners: [memoryListener(network)], store: memoryStore(), runtime });
  const received: { name: string; data: unknown }[] = [];
  agent.onAny((data, { name }) => {
    received.push({ name, data });
  });
  await agent.listen();
  const log: string[] = [];
  const lifes: number[] = [];
  const options = { deviceId: 'imp', link: network.link(), runtime, log: (line: string) => void log.push(line) };
  const device = runDevice(program, options);
  device.observe((event) => {
    if (event.type === 'started') lifes.push(event.wakeReason);
    if (event.type === 'programFailed') throw event.error;
  });
  const broken = breakNetwork(runtime, network, seed, faults);
  const isDone = await runtime.runUntil(() => log.at(-1) === lastLine, { limitMs: 12 * HOUR_MS });
  if (!isDone) expect.fail(`seed ${seed}: the program did not end; its log:\n${log.join('\n')}`);
  await runtime.advance(1_000); // What is on the way arrives.
  return { log, received, lifes, cuts: broken.count() };
}

/** Cuts the network, or takes it away for up to 15 seconds, much less than a suspended device waits for. */
function breakNetwork(runtime: VirtualRuntime, network: MemoryNetwork, seed: number, faults: Faults) {
  const random = seededRandom(seed);
  let count = 0;
  const next = (): void => {
    runtime.setTimer(randomInteger(random, { min: 10, max: faults.everyMs }), () => {
      if (runtime.nowMs() > faults.untilMs) return;
      count += 1;
      network.cut();
      if (random() % 3 > 0) {
        next();
        return;
      }
      network.setReachable(false);
      runtime.setTimer(randomInteger(random, { min: 100, max: 15_000 }), () => {
        network.setReachable(true);
        next();
      });
    });
  };
  next();
  return { count: () => count };
}

describe('grow-buffer', () => {
  test('grows the buffer for its data and sends them', async () => {
    const { log, received } = await run(1, growBuffer, 'Data sent with outcome 0', { everyMs: 10, untilMs: 0 });
    expect(log).toEqual([`Buffer increased to ${DATA_BYTES} bytes from 3456 bytes`, 'Data sent with outcome 0']);
    expect(received).toEqual([{ name: 'data', data: new Uint8Array(DATA_BYTES).fill(7) }]);
  });
});

describe('send-blobs', () => {
  test('every blob arrives, in order, through cuts and outages, and the program never starts again', async () => {
    let cuts = 0;
    let repeats = 0;
    for (const seed of SEEDS) {
      const result = await run(seed, sendBlobs, `Blob ${BLOBS} sent to server`, { everyMs: 1_500, untilMs: 10_000 });
      expect(result.log, `seed ${seed}`).toEqual(
        Array.from({ length: BLOBS }, (_, index) => `Blob ${index + 1} sent to server`),
      );
      const numbers = result.received.map(({ data }) => {
        const blob = data as Uint8Array;
        expect(blob).toEqual(new Uint8Array(BLOB_BYTES).fill(blob[0] as number));
        return blob[0] as number;
      });
      // A blob whose ack was lost is sent again: twice in a row, never out of order.
      const once = numbers.filter((number, index) => number !== numbers[index - 1]);
      expect(once, `seed ${seed}`).toEqual(Array.from({ length: BLOBS }, (_, index) => index));
      expect(result.lifes, `seed ${seed}`).toEqual([0]);
      cuts += result.cuts;
      repeats += numbers.length - once.length;
    }
    expect(cuts).toBeGreaterThan(SEEDS.length / 2);
    expect(repeats).toBeGreaterThan(0);
  });
});

describe('transmitter', () => {
  test('S44a keeps its data until send returns 0, tries again later, and reconnects whatever the reason', async () => {
    let reconnected = 0;
    let failedAttempts = 0;
    for (const seed of SEEDS) {
      const result = await run(seed, transmitter, 'All sent', { everyMs: 8_000, untilMs: 60_000 });
      const lines = (start: string): string[] => result.log.filter((line) => line.startsWith(start));
      expect(lines('Sent'), `seed ${seed}`).toEqual(
        Array.from({ length: MESSAGES }, (_, index) => `Sent message ${index + 1}`),
      );
      // A message that was answered with 0 is in the buffer and may be lost there (S16); none comes twice or early.
      const numbers = result.received.map(({ data }) => Number(String(data).replace('message ', '')));
      expect(numbers, `seed ${seed}`).toEqual([...new Set(numbers)].sort((a, b) => a - b));
      expect(MESSAGES - numbers.length, `seed ${seed}`).toBeLessThanOrEqual(result.cuts);
      reconnected += lines('Connecting ended with reason 5').length;
      failedAttempts += lines('Connecting ended with reason 4').length;
    }
    // Each way through the program was taken.
    expect(reconnected).toBeGreaterThan(0);
    expect(failedAttempts).toBeGreaterThan(0);
  });

  test('S44a waits for its retry time after a send that times out, and then sends the same data', async () => {
    const runtime = createVirtualRuntime({ seed: 1 });
    const network = createMemoryNetwork({ runtime, latencyMs: 40, inFlightMaxBytes: 1 });
    const agent = createAgent({ listeners: [memoryListener(network)], store: memoryStore(), runtime });
    const received: unknown[] = [];
    agent.on('message', (data) => {
      received.push(data);
    });
    await agent.listen();
    const log: string[] = [];
    runDevice(
      // A buffer that is full of other things: the program's message does not fit while nothing moves.
      async (device) => {
        network.setBlackHole(true);
        device.server.settimeoutpolicy(RETURN_ON_ERROR, WAIT_TIL_SENT, 3_600);
        void device.agent.send('filler', new Uint8Array(20_000));
        await transmitter(device);
      },
      { deviceId: 'imp', link: network.link(), runtime, log: (line) => void log.push(`${runtime.nowMs()} ${line}`) },
    );
    await runtime.advance(30_000);
    network.setBlackHole(false);
    expect(log).toEqual(['10120 Keeping message 1 after outcome 2']);
    await runtime.runUntil(() => log.some((line) => line.endsWith('All sent')), { limitMs: HOUR_MS });
    // The connection that the timeout cost did not come back within its minute, so the program makes one.
    expect(log.slice(1, 3)).toEqual(['610240 Connecting ended with reason 5', '610240 Sent message 1']);
    expect(received).toEqual(Array.from({ length: MESSAGES }, (_, index) => `message ${index + 1}`));
  });
});
