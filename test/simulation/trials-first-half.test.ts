// Seeds 1 to 500 of a thousand: everything is drawn, everything that can break breaks, every promise is kept. In two files, so
// that two workers share the time.

import { test } from 'vitest';
import { expectTrouble, runTrials } from './trials.js';

test('the guarantees hold in trials 1 to 500', { timeout: 300_000 }, async () => {
  expectTrouble(await runTrials(1, 500), 500);
});
