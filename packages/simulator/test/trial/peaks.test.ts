import { expect, test } from 'vitest';
import { Peaks } from '../../src/trial/peaks.js';
import type { TraceDetail } from '../../src/trial/trace-event.js';

test('the most of each gauge is kept, beside its limit', () => {
  const peaks = new Peaks();
  let held = 0;
  peaks.watch('agent', 'queue', 10, () => held);
  peaks.watch('device-1', 'outbox', 5, () => 1);
  for (held of [3, 12, 4]) peaks.sample();
  const told: [string, TraceDetail][] = [];
  peaks.report((who, detail) => told.push([who, detail]));
  expect(told).toEqual([
    ['agent', { what: 'peak', gauge: 'queue', value: 12, limit: 10 }],
    ['device-1', { what: 'peak', gauge: 'outbox', value: 1, limit: 5 }],
  ]);
});
