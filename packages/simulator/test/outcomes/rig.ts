// Recordings for the tests of those who read them: real ones, recorded once for each file of tests, and made-up ones.

import type { OutcomeEvent, OutcomeHappening, OutcomeRecording } from '../../src/outcomes/events.js';
import type { Outcome } from '../../src/outcomes/outcome.js';
import { OUTCOMES } from '../../src/outcomes/outcomes.js';
import { recordOutcome } from '../../src/outcomes/record-outcome.js';
import type { PathEvent } from '../../src/path/events.js';

/** All outcomes, in the order of the picture. */
export async function recordAll(): Promise<OutcomeRecording[]> {
  const recordings: OutcomeRecording[] = [];
  for (const outcome of OUTCOMES) recordings.push(await recordOutcome(outcome));
  return recordings;
}

/** A recording of 800 ms with these events. */
export function madeUp(events: readonly OutcomeEvent[], about: Partial<Outcome> = {}): OutcomeRecording {
  const outcome: Outcome = {
    id: 'made-up',
    title: 'A run that never was',
    onError: 'RETURN_ON_ERROR',
    waitFor: 'WAIT_TIL_SENT',
    timeoutSeconds: 0.25,
    faults: [],
    belief: 'anything.',
    run: async () => {},
    ...about,
  };
  return { outcome, events, capacityBytes: 3_456, lengthMs: 800 };
}

/** An event. */
export function at(atMs: number, happening: OutcomeHappening): OutcomeEvent {
  return { atMs, ...happening };
}

/** A step of a segment with 576 bytes on its way up, if nothing else is said. */
export function step(atMs: number, stage: PathEvent['stage'], what: PathEvent['what'], about: Partial<PathEvent> = {}) {
  const common = { device: 'press-7', connection: 1, direction: 'up', bytes: 576, offset: 0, segment: 1 } as const;
  return at(atMs, { type: 'path', step: { ...common, atMs, stage, what, ...about } });
}
