import { thrownAnswer } from '@holdfast/reliable-channel';
import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../src/seeded-random.js';
import { Life } from '../../src/trial/life.js';
import { makeData } from '../../src/trial/message-body.js';
import { TraceRecorder } from '../../src/trial/trace-recorder.js';
import { TrialHandler } from '../../src/trial/trial-handler.js';
import { createVirtualRuntime } from '../../src/virtual-runtime.js';

const MESSAGE = { from: 'device-1', id: 'e--1', lane: '', attempt: 1 };

function makeHandler() {
  const runtime = createVirtualRuntime({ seed: 1 });
  const recorder = new TraceRecorder(() => runtime.nowMs());
  const handler = new TrialHandler({ owner: 'agent', runtime, random: seededRandom(3), record: recorder.record });
  const life = new Life(1, runtime, () => 0);
  const handle = async (lane = ''): Promise<unknown> => handler.handle(life, makeData(1, 5), { ...MESSAGE, lane });
  return { runtime, recorder, handler, handle };
}

describe('the handlers of a trial', () => {
  it('end in every way, and the trace says how', async () => {
    const { runtime, recorder, handler, handle } = makeHandler();
    const ends: string[] = [];
    for (let i = 0; i < 500; i += 1) {
      void handle().then(
        (reply) => ends.push(reply === undefined ? 'done' : 'replied'),
        (error: unknown) => ends.push(thrownAnswer(error)?.status ?? 'failed'),
      );
    }
    await runtime.advance(1_000);
    expect(ends).toHaveLength(500);
    expect(new Set(ends)).toEqual(new Set(['done', 'replied', 'rejected', 'again', 'failed']));
    const count = (what: string) => recorder.events.filter((event) => event.what === what).length;
    expect(count('handlerBegan')).toBe(500);
    expect(count('handlerRejected')).toBe(ends.filter((end) => end === 'rejected').length);
    expect(count('handlerFailed')).toBe(ends.filter((end) => end === 'failed').length);
    expect(handler.running).toBe(0);
  });

  it('ask for every message of a stuck lane later, until it is freed', async () => {
    const { runtime, recorder, handler, handle } = makeHandler();
    handler.stickLane('logs');
    void handle('logs').catch(() => {});
    await runtime.advance(1_000);
    expect(recorder.events.at(-1)?.what).toBe('handlerAskedLater');
    handler.stickLane(undefined);
    for (let i = 0; i < 20; i += 1) void handle('logs').catch(() => {});
    await runtime.advance(1_000);
    expect(recorder.events.some(({ what }) => what === 'handlerDone')).toBe(true);
  });
});
