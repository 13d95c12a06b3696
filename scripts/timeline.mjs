// Runs the outcomes of `send` in the simulator and draws them: `npm run timeline`. Writes docs/send-outcomes.svg and
// docs/send-outcomes.html; a test holds both against a run of its own, byte for byte.

import { writeFileSync } from 'node:fs';
import { OUTCOMES, outcomesHtml, outcomesSvg, recordOutcome } from '@holdfast/simulator/outcomes';

const recordings = [];
for (const outcome of OUTCOMES) {
  const recording = await recordOutcome(outcome);
  console.log(`${outcome.id}: ${recording.events.length} events`);
  recordings.push(recording);
}
const pictures = {
  'docs/send-outcomes.svg': outcomesSvg(recordings),
  'docs/send-outcomes.html': outcomesHtml(recordings),
};
for (const [path, text] of Object.entries(pictures)) {
  writeFileSync(new URL(`../${path}`, import.meta.url), text);
  console.log(`wrote ${path}`);
}
