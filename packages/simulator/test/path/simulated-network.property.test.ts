// What holds whatever the path does: the stream is what was sent, in order, without a hole; bounds are kept; and a run is
// told by its seed. Faults of every kind come at random; the seed is in the failure's message.

import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { PathEvent } from '../../src/path/events.js';
import type { PathParameterChoices } from '../../src/path/parameters.js';
import { pick, randomInteger, seededRandom } from '../../src/seeded-random.js';
import { PathRig, patternBytes } from './rig.js';

const BURST = { beginProbability: 0.02, endProbability: 0.2, probability: 0.9 };
/** Everything bad at once, with small queues. */
const ROUGH: PathParameterChoices = {
  chip: {
    loss: { probability: 0.2, burst: BURST },
    attemptsMax: 3,
    retransmitMaxMs: 2_000,
    unansweredMaxMs: 3_600_000,
  },
  accessPoint: { loss: { probability: 0.02 }, capacityBytes: 4_000 },
  router: {
    ...{ jitterMs: 30, bytesPerSecond: 100_000, capacityBytes: 4_000 },
    ...{ loss: { probability: 0.05, burst: BURST }, reorderProbability: 0.2, reorderDelayMs: 60 },
  },
};
const CAPACITIES = { chip: 5_840, accessPoint: 4_000, router: 4_000, server: 1_048_576 };
const STREAM_BYTES = 40_000;

/** Stages that fail now and then without ending connections. */
function disturb(rig: PathRig, seed: number, times: number): void {
  const random = seededRandom(seed);
  const { network, runtime } = rig;
  const fail = (): void => {
    const stage = pick(random, [network.device('press-7').chip, network.accessPoint, network.router, network.server]);
    stage[pick(random, ['stick', 'blackHole', 'partition'] as const)](randomInteger(random, { min: 1, max: 4_000 }));
    if (random() % 8 === 0) pick(random, [network.accessPoint, network.router]).powerOff(500);
  };
  for (let i = 1; i <= times; i += 1) runtime.setTimer(i * 2_000, fail);
}

/** Both directions at once, through everything. */
async function runRough(seed: number) {
  const rig = new PathRig(ROUGH, seed);
  const { device, server } = await rig.connect();
  const peaks = { chip: 0, accessPoint: 0, router: 0, server: 0 };
  rig.network.observe(({ stage }) => {
    peaks[stage] = Math.max(peaks[stage], rig.network.heldBytes(stage));
  });
  const sent = patternBytes(STREAM_BYTES);
  rig.writeAll(device.pipe, sent);
  rig.writeAll(server.pipe, sent);
  disturb(rig, seed, 20);
  return { rig, device, server, sent, peaks };
}

function hashOf(events: readonly PathEvent[]): string {
  return createHash('sha256').update(JSON.stringify(events)).digest('hex');
}

/** A matcher would print tens of thousands of numbers. */
function isSame(one: Uint8Array, other: Uint8Array): boolean {
  return Buffer.compare(one, other) === 0;
}

describe('the stream', () => {
  it('is a prefix of what was sent at any time, and all of it in the end; and no stage holds too much', async () => {
    for (let seed = 1; seed <= 25; seed += 1) {
      const { rig, device, server, sent, peaks } = await runRough(seed);
      for (let i = 0; i < 20; i += 1) {
        await rig.runtime.advance(2_000);
        for (const end of [device, server]) {
          const received = end.bytes();
          expect(isSame(received, sent.subarray(0, received.length)), `seed ${seed}`).toBe(true);
        }
      }
      await rig.runtime.runUntil(() => device.bytes().length + server.bytes().length === 2 * STREAM_BYTES, {
        limitMs: 1_200_000,
      });
      expect([isSame(device.bytes(), sent), isSame(server.bytes(), sent)], `seed ${seed}`).toEqual([true, true]);
      expect([device.closed, server.closed], `seed ${seed}`).toEqual([[], []]);
      for (const stage of ['chip', 'accessPoint', 'router', 'server'] as const) {
        expect(peaks[stage], `seed ${seed}, ${stage}`).toBeLessThanOrEqual(CAPACITIES[stage]);
      }
      // A smooth run would show nothing.
      expect(rig.count('lost'), `seed ${seed}`).toBeGreaterThan(20);
      await rig.runtime.advance(60_000);
      expect([rig.runtime.pendingTimers, rig.network.heldBytes('chip')], `seed ${seed}`).toEqual([0, 0]);
    }
  });
});

describe('a run', () => {
  it('is told by its seed', async () => {
    const hashes: string[] = [];
    for (const seed of [5, 5, 6]) {
      const { rig } = await runRough(seed);
      await rig.runtime.advance(60_000);
      hashes.push(hashOf(rig.events));
    }
    expect(hashes[1]).toBe(hashes[0]);
    expect(hashes[2]).not.toBe(hashes[0]);
  });

  it('of one device is not changed by another, as long as they do not queue', async () => {
    const wide: PathParameterChoices = {
      chip: { loss: { probability: 0.2, burst: BURST } },
      accessPoint: { bytesPerSecond: 0 },
      router: { bytesPerSecond: 0, loss: { probability: 0.05, burst: BURST }, reorderProbability: 0.1 },
    };
    const hashes: string[] = [];
    const counts: number[] = [];
    for (const others of [0, 1, 3]) {
      const rig = new PathRig(wide);
      const names = ['press-7', ...Array.from({ length: others }, (_, index) => `other-${index}`)];
      for (const name of names) rig.network.device(name).link();
      const dialings = names.map((name) => rig.dial(name));
      await rig.runtime.advance(20_000);
      for (const { end } of dialings) if (end !== undefined) rig.writeAll(end.pipe, patternBytes(20_000));
      await rig.runtime.advance(60_000);
      const own = rig.events.filter(({ device }) => device === 'press-7');
      hashes.push(hashOf(own));
      counts.push(own.length);
    }
    expect(counts[0]).toBeGreaterThan(300);
    expect(hashes).toEqual([hashes[0], hashes[0], hashes[0]]);
  });
});
