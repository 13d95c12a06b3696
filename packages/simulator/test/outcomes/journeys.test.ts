import { describe, expect, it } from 'vitest';
import { journeysOf } from '../../src/outcomes/journeys.js';
import { at, madeUp, step } from './rig.js';

describe('journeys', () => {
  it('follow each segment from stage to stage, however the steps of several lie mixed', () => {
    const other = { segment: 2, bytes: 0, direction: 'down' } as const;
    const journeys = journeysOf(
      madeUp([
        step(1, 'chip', 'entered'),
        step(2, 'server', 'entered', other),
        step(3, 'chip', 'retransmitted'),
        step(4, 'chip', 'left'),
        step(5, 'chip', 'entered', other),
        step(9, 'server', 'entered'),
      ]),
    );
    expect(journeys.map(({ steps }) => steps.map(({ atMs }) => atMs))).toEqual([
      [1, 4, 9],
      [2, 5],
    ]);
    expect(journeys.map(({ vain }) => vain.map(({ atMs }) => atMs))).toEqual([[3], []]);
    expect(journeys).toMatchObject([
      { direction: 'up', bytes: 576, end: 'arrived' },
      { direction: 'down', bytes: 0, end: 'arrived' },
    ]);
  });

  it('tell what was lost from what is still under way', () => {
    const journeys = journeysOf(
      madeUp([
        step(1, 'chip', 'entered'),
        step(2, 'chip', 'entered', { segment: 2 }),
        step(3, 'router', 'entered', { segment: 2 }),
        step(4, 'chip', 'lost'),
      ]),
    );
    expect(journeys.map(({ end }) => end)).toEqual(['lost', 'underWay']);
  });

  it('leave out what an end tells of itself, and segments that were under way before', () => {
    const opened = { device: 'press-7', connection: 1, direction: 'up', bytes: 0, offset: 0 } as const;
    const events = [
      at(1, { type: 'path', step: { ...opened, atMs: 1, stage: 'chip', what: 'opened' } }),
      step(2, 'server', 'entered'),
    ];
    expect(journeysOf(madeUp(events))).toEqual([]);
  });
});
