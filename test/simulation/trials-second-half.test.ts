// Seeds 501 to 1000 of a thousand: everything is drawn, everything that can break breaks, every promise is kept. In two files, so
// that two workers share the time.

import { test } from 'vitest';
import { expectTrouble, runTrials } from './trials.js';

test('the guarantees hold in trials 501 to 1000', { timeout: 300_000 }, async () => {
  expectTrouble(await runTrials(501, 1000), 500);
});
