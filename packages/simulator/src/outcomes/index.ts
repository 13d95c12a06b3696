// The outcomes of `send`, run and drawn. Its own door, `@holdfast/simulator/outcomes`, so that nobody pays for pictures
// who only simulates.

export { outcomesSvg } from './chart.js';
export { type EventRow, eventRows, type RowText } from './event-rows.js';
export type { OutcomeEvent, OutcomeHappening, OutcomeRecording } from './events.js';
export type { Outcome, OutcomeFault, OutcomeProgram } from './outcome.js';
export { OUTCOMES } from './outcomes.js';
export { outcomesHtml } from './page.js';
export { recordOutcome } from './record-outcome.js';
