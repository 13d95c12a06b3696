import { describe, expect, it } from 'vitest';
import { ByteRoom } from '../../src/path/byte-room.js';
import { Stage } from '../../src/path/stage.js';
import { createVirtualRuntime } from '../../src/virtual-runtime.js';

function makeStage() {
  const runtime = createVirtualRuntime({ seed: 1 });
  const told: string[] = [];
  const stage = new Stage('router', new ByteRoom(1_000), runtime, () => told.push('off'));
  stage.hops.push({ onStuck: () => told.push('stuck'), loseAll: (why) => told.push(why) });
  return { runtime, stage, told };
}

describe('a stage', () => {
  it('has no fault at first', () => {
    const { stage } = makeStage();
    expect([stage.leavesFromMs, stage.lossReason, stage.isReachable, stage.isOff, stage.isCutOff]).toEqual([
      ...[0, undefined, true, false, false],
    ]);
  });

  it.each([
    ['powerOff', 'no power', false, ['no power', 'off']],
    ['partition', 'cut off', false, ['stuck']],
    ['blackHole', 'black hole', true, ['black hole']],
    ['stick', undefined, true, ['stuck']],
  ] as const)('%s lasts as long as it was told, without a timer', async (fault, reason, isReachable, tells) => {
    const { runtime, stage, told } = makeStage();
    stage[fault](100);
    expect(told).toEqual(tells);
    await runtime.advance(99);
    expect([stage.lossReason, stage.isReachable]).toEqual([reason, isReachable]);
    await runtime.advance(1);
    expect([stage.lossReason, stage.isReachable, runtime.pendingTimers]).toEqual([undefined, true, 0]);
    expect(stage.leavesFromMs).toBeLessThanOrEqual(100);
  });

  it('is prolonged in a fault, never shortened', async () => {
    const { runtime, stage } = makeStage();
    stage.blackHole(100);
    stage.blackHole(10);
    await runtime.advance(50);
    expect(stage.lossReason).toBe('black hole');
    stage.blackHole(100);
    await runtime.advance(99);
    expect(stage.lossReason).toBe('black hole');
    await runtime.advance(1);
    expect(stage.lossReason).toBeUndefined();
  });

  it('forgets that it was stuck when it loses power', async () => {
    const { stage } = makeStage();
    stage.stick(1_000);
    expect(stage.leavesFromMs).toBe(1_000);
    stage.powerOff(10);
    expect(stage.leavesFromMs).toBe(0);
  });

  it('takes durations from 0 to thirty days', () => {
    const { stage } = makeStage();
    expect(() => stage.stick(-1)).toThrow(RangeError);
    expect(() => stage.partition(2_592_000_001)).toThrow(RangeError);
    expect(() => stage.blackHole(Number.POSITIVE_INFINITY)).toThrow(RangeError);
    stage.powerOff(2_592_000_000);
    expect(stage.isOff).toBe(true);
  });
});
