// The ways of segments over the path, put together from the path's single steps.

import type { PathDirection, PathEvent } from '../path/events.js';
import { eventsOf, type OutcomeRecording } from './events.js';

/** The way of one segment. */
export interface Journey {
  readonly direction: PathDirection;
  /** Of payload; 0 for segments that only open, acknowledge or end. */
  readonly bytes: number;
  /** Where it was, from where it was sent to where it came, in the order of time; never empty. */
  readonly steps: readonly PathEvent[];
  /** When it went over the radio in vain: nobody acknowledged it. */
  readonly vain: readonly PathEvent[];
  /** At the other end, lost on the way, or still on it when the recording ended. */
  readonly end: 'arrived' | 'lost' | 'underWay';
}

/** The journeys of a recording, in the order of their beginnings. What was under way at its beginning is left out. */
export function journeysOf(recording: OutcomeRecording): Journey[] {
  const bySegment = new Map<number, PathEvent[]>();
  for (const { step } of eventsOf(recording, 'path')) {
    if (step.segment === undefined) continue;
    const known = bySegment.get(step.segment);
    if (known === undefined) bySegment.set(step.segment, [step]);
    else known.push(step);
  }
  return [...bySegment.values()].filter(beginsAtItsEnd).map(journeyOf);
}

function beginsAtItsEnd([first]: readonly PathEvent[]): boolean {
  return first?.stage === (first?.direction === 'up' ? 'chip' : 'server');
}

function journeyOf(all: readonly PathEvent[]): Journey {
  const { direction, bytes } = all[0] as PathEvent;
  const last = all.at(-1) as PathEvent;
  const isThere = last.stage === (direction === 'up' ? 'server' : 'chip');
  return {
    direction,
    bytes,
    steps: all.filter(({ what }) => what !== 'retransmitted'),
    vain: all.filter(({ what }) => what === 'retransmitted'),
    end: last.what === 'lost' ? 'lost' : isThere ? 'arrived' : 'underWay',
  };
}
