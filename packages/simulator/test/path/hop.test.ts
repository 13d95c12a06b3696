import { describe, expect, it } from 'vitest';
import { ByteRoom } from '../../src/path/byte-room.js';
import type { PathEvent } from '../../src/path/events.js';
import { Hop, type HopOptions, type Line } from '../../src/path/hop.js';
import { PathRecorder } from '../../src/path/path-recorder.js';
import type { SegmentConnection } from '../../src/path/segment.js';
import { Stage } from '../../src/path/stage.js';
import { createVirtualRuntime } from '../../src/virtual-runtime.js';
import { segmentOf } from './segments.js';

const AT_ONCE: Line = { latencyMs: 0, jitterMs: 0, bytesPerSecond: 0, loss: { probability: 0 } };

function makeHop(line: Partial<Line> = {}, more: Partial<HopOptions<SegmentConnection>> = {}) {
  const runtime = createVirtualRuntime({ seed: 1 });
  const recorder = new PathRecorder(runtime);
  const events: PathEvent[] = [];
  recorder.observe((event) => events.push(event));
  const stage = new Stage('router', new ByteRoom(1_000), runtime);
  const arrived: { atMs: number; sequence: number }[] = [];
  const hop = new Hop<SegmentConnection>({
    ...{ runtime, seed: 1, direction: 'up', stage, recorder, lineName: 'line', line: { ...AT_ONCE, ...line } },
    next: ({ sequence }) => arrived.push({ atMs: runtime.nowMs(), sequence }),
    ...more,
  });
  const enter = (sequence: number, bytes: number, device?: string): void =>
    hop.enter(segmentOf({ sequence, bytes, ...(device !== undefined && { device }) }));
  const what = (kind: string): number => events.filter((event) => event.what === kind).length;
  return { runtime, stage, recorder, hop, events, arrived, enter, what };
}

describe('a line', () => {
  it('never hands over while a segment is entering', async () => {
    const { runtime, arrived, enter } = makeHop();
    enter(1, 10);
    expect(arrived).toEqual([]);
    await runtime.advance(0);
    expect(arrived).toEqual([{ atMs: 0, sequence: 1 }]);
  });

  it('takes its latency, and one segment after the other as fast as its bandwidth allows', async () => {
    const { runtime, stage, arrived, enter } = makeHop({ latencyMs: 50, bytesPerSecond: 1_000 });
    enter(1, 10);
    enter(2, 20);
    expect(stage.room.usedBytes).toBe(30);
    await runtime.advance(10);
    expect(stage.room.usedBytes).toBe(20);
    await runtime.advance(100);
    expect(arrived).toEqual([
      { atMs: 60, sequence: 1 },
      { atMs: 80, sequence: 2 },
    ]);
    expect(runtime.pendingTimers).toBe(0);
  });

  it('jitters within its bounds and keeps the order', async () => {
    const { runtime, arrived, enter } = makeHop({ latencyMs: 10, jitterMs: 20 });
    for (let sequence = 1; sequence <= 100; sequence += 1) {
      enter(sequence, 1);
      await runtime.advance(1);
    }
    await runtime.advance(100);
    expect(arrived.map(({ sequence }) => sequence)).toEqual(Array.from({ length: 100 }, (_, index) => index + 1));
    const latencies = arrived.map(({ atMs, sequence }) => atMs - (sequence - 1));
    expect(Math.min(...latencies)).toBeGreaterThanOrEqual(10);
    expect(Math.max(...latencies)).toBeLessThan(30);
    expect(new Set(latencies).size).toBeGreaterThan(20);
  });

  it('holds some up, so that others pass', async () => {
    const { runtime, arrived, enter } = makeHop({ latencyMs: 10, reorderProbability: 0.3, reorderDelayMs: 5 });
    for (let sequence = 1; sequence <= 100; sequence += 1) enter(sequence, 1);
    await runtime.advance(10);
    const early = arrived.length;
    expect(early).toBeGreaterThan(50);
    expect(early).toBeLessThan(90);
    await runtime.advance(5);
    expect(arrived).toHaveLength(100);
  });

  it('loses as it is told, and what is full', async () => {
    const { events, enter } = makeHop({ bytesPerSecond: 1 });
    enter(1, 600);
    enter(2, 400);
    enter(3, 1);
    expect(events.at(-1)).toMatchObject({ what: 'lost', detail: 'full', bytes: 1 });
    const lossy = makeHop({ loss: { probability: 1 } });
    lossy.enter(1, 10);
    expect(lossy.events.at(-1)).toMatchObject({ what: 'lost', detail: 'lost on the line' });
    expect(lossy.stage.room.usedBytes).toBe(0);
  });

  it('gives each device draws of its own, whatever the others send', async () => {
    const alone = makeHop({ loss: { probability: 0.5 } });
    const shared = makeHop({ loss: { probability: 0.5 } });
    for (let sequence = 1; sequence <= 50; sequence += 1) {
      alone.enter(sequence, 1, 'a');
      shared.enter(sequence, 1, 'a');
      shared.enter(sequence + 1_000, 1, 'b');
    }
    await alone.runtime.advance(1);
    await shared.runtime.advance(1);
    expect(alone.arrived.length).toBeGreaterThan(10);
    expect(shared.arrived.filter(({ sequence }) => sequence <= 50)).toEqual(alone.arrived);
    const others = shared.arrived.filter(({ sequence }) => sequence > 1_000);
    expect(others.map(({ sequence }) => sequence - 1_000)).not.toEqual(alone.arrived.map(({ sequence }) => sequence));
  });
});

describe('a radio', () => {
  it('begins in a slot when it was silent, and goes on at once when it was not', async () => {
    const { runtime, arrived, enter } = makeHop({ slotMs: 10, bytesPerSecond: 1_000 });
    await runtime.advance(3);
    enter(1, 3);
    enter(2, 3);
    await runtime.advance(100);
    expect(arrived.map(({ atMs }) => atMs)).toEqual([13, 16]);
  });

  it('tries again in the next slot, and gives up after its attempts', async () => {
    let isThere = false;
    const { runtime, arrived, enter, what } = makeHop({ slotMs: 10, attemptsMax: 4 }, { isHeard: () => isThere });
    enter(1, 1);
    await runtime.advance(29);
    expect([what('retransmitted'), what('lost')]).toEqual([3, 0]);
    await runtime.advance(1);
    expect([what('retransmitted'), what('lost')]).toEqual([3, 1]);
    enter(2, 1);
    isThere = true;
    await runtime.advance(10);
    expect(arrived).toEqual([{ atMs: 40, sequence: 2 }]);
  });

  it('has as many attempts for the next one', async () => {
    const { runtime, enter, what } = makeHop({ slotMs: 1, attemptsMax: 3 }, { isHeard: () => false });
    enter(1, 1);
    enter(2, 1);
    await runtime.advance(100);
    expect([what('retransmitted'), what('lost')]).toEqual([4, 2]);
  });
});

describe('a hop at fault', () => {
  it('holds everything while the stage is stuck, and puts it on the line afterwards', async () => {
    const { runtime, stage, arrived, enter } = makeHop({ bytesPerSecond: 1_000 });
    enter(1, 10);
    await runtime.advance(5);
    stage.stick(100);
    enter(2, 10);
    await runtime.advance(200);
    expect(arrived).toEqual([
      { atMs: 115, sequence: 1 },
      { atMs: 125, sequence: 2 },
    ]);
  });

  it('holds on when it is stuck again', async () => {
    const { runtime, stage, arrived, enter } = makeHop();
    stage.stick(100);
    enter(1, 10);
    await runtime.advance(50);
    stage.stick(100);
    await runtime.advance(99);
    expect(arrived).toEqual([]);
    await runtime.advance(1);
    expect(arrived).toEqual([{ atMs: 150, sequence: 1 }]);
  });

  it('loses what it holds with the power, and what comes meanwhile', async () => {
    const { runtime, stage, arrived, enter, what } = makeHop({ bytesPerSecond: 1_000 });
    enter(1, 10);
    enter(2, 10);
    stage.powerOff(100);
    enter(3, 10);
    expect([what('lost'), stage.room.usedBytes, runtime.pendingTimers]).toEqual([3, 0, 0]);
    await runtime.advance(100);
    enter(4, 10);
    await runtime.advance(10);
    expect(arrived).toEqual([{ atMs: 110, sequence: 4 }]);
  });

  it('stays whole when an observer sets a fault in the middle of a step', async () => {
    const { runtime, stage, recorder, arrived, enter, what } = makeHop(
      { slotMs: 10, attemptsMax: 9 },
      { isHeard: () => runtime.nowMs() > 25 },
    );
    recorder.observe((event) => {
      if (event.what === 'retransmitted') stage.stick(5);
    });
    enter(1, 1);
    await runtime.advance(500);
    expect(arrived).toEqual([{ atMs: 30, sequence: 1 }]);
    expect([what('retransmitted'), what('left'), runtime.pendingTimers, stage.room.usedBytes]).toEqual([3, 1, 0, 0]);
  });
});

describe('a sender that is gone', () => {
  it('has nothing left here, and does not hold up the others', async () => {
    const { runtime, stage, hop, arrived, enter, what } = makeHop({ bytesPerSecond: 1_000 });
    const connection = { device: 'gone', number: 1 };
    hop.enter(segmentOf({ connection, sequence: 1, bytes: 100 }));
    enter(2, 10, 'other');
    hop.enter(segmentOf({ connection, sequence: 3, bytes: 100 }));
    expect([hop.heldBytes('gone'), hop.heldBytes('other')]).toEqual([200, 10]);
    await runtime.advance(50);
    hop.forget(connection);
    hop.forget(connection);
    expect([what('lost'), stage.room.usedBytes]).toEqual([2, 10]);
    await runtime.advance(100);
    expect(arrived).toEqual([{ atMs: 60, sequence: 2 }]);
  });

  it('has left its first line when its segment went on, or was lost', () => {
    const { hop } = makeHop({ bytesPerSecond: 1 });
    const segment = segmentOf({ bytes: 1_000 });
    const second = segmentOf({ bytes: 1_000 });
    hop.enter(segment);
    hop.enter(second);
    expect([segment.isWithSender, second.isWithSender]).toEqual([true, false]);
  });
});
