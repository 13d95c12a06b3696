import { InvariantError } from '@holdfast/protocol';
import { describe, expect, it } from 'vitest';
import { eventsOf } from '../../src/outcomes/events.js';
import { RECORDING_MS, recordOutcome } from '../../src/outcomes/record-outcome.js';
import { madeUp, recordAll } from './rig.js';

describe('a recording', () => {
  it('is the same whenever it is made', async () => {
    const [first, second] = [await recordAll(), await recordAll()];
    expect(second.map(({ events }) => events)).toEqual(first.map(({ events }) => events));
  });

  it('has its events in the order of time, within its length', async () => {
    for (const { outcome, events, lengthMs } of await recordAll()) {
      const times = events.map(({ atMs }) => atMs);
      expect(times, outcome.id).toEqual([...times].sort((one, other) => one - other));
      expect(times.at(-1), outcome.id).toBeLessThanOrEqual(lengthMs);
    }
  });

  it('follows the fill through every packet: it never jumps down but by what the chip has taken, or to nothing', async () => {
    for (const recording of await recordAll()) {
      let before = 0;
      let lost = 0;
      for (const event of recording.events) {
        if (event.type !== 'filled') continue;
        expect(event.usedBytes).toBeLessThanOrEqual(recording.capacityBytes);
        if (event.usedBytes < before - 576) lost += 1;
        before = event.usedBytes;
      }
      const hasLost = eventsOf(recording, 'disconnected').length > 0;
      expect(lost, recording.outcome.id).toBeLessThanOrEqual(hasLost ? 1 : 0);
      expect(eventsOf(recording, 'taken').length, recording.outcome.id).toBeGreaterThan(0);
    }
  });

  it('begins in silence, with a connection and an empty buffer', async () => {
    const { outcome } = madeUp([], { run: async () => {} });
    const { events } = await recordOutcome(outcome);
    expect(events).toEqual([{ atMs: 0, type: 'filled', usedBytes: 0 }]);
  });

  it('tells of a restarted agent, which handles again afterwards', async () => {
    const fault = { atMs: 10, stage: 'agent', kind: 'restart', forMs: 20, text: 'the agent restarts' } as const;
    const { outcome } = madeUp([], {
      faults: [fault],
      run: async ({ until, send }) => {
        await until(100);
        await send(7);
      },
    });
    const recording = await recordOutcome(outcome);
    expect(eventsOf(recording, 'faultBegan')).toEqual([{ atMs: 10, type: 'faultBegan', fault }]);
    expect(eventsOf(recording, 'handled')).toMatchObject([{ message: 7 }]);
    expect(eventsOf(recording, 'dropped')).toEqual([]);
  });

  it('is refused when the program is not through at its end', async () => {
    const { outcome } = madeUp([], { run: ({ until }) => until(RECORDING_MS + 1) });
    await expect(recordOutcome(outcome)).rejects.toThrow(InvariantError);
  });
});
