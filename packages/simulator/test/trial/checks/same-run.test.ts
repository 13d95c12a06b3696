import { expect, test } from 'vitest';
import { checkSameRun } from '../../../src/trial/checks/same-run.js';
import * as t from './traces.js';

test('equal traces are the same run', () => {
  expect(checkSameRun(t.traceOf(t.wholeLife(1)), t.traceOf(t.wholeLife(1)))).toEqual([]);
});

test('the first difference is told, and so is an end that comes too early', () => {
  const trace = t.traceOf(t.wholeLife(1));
  expect(checkSameRun(trace, t.traceOf(t.wholeLife(2)))).toEqual([
    { check: 'same run', atMs: 10, message: expect.stringMatching(/^event 0 was .*"n":1.* and is .*"n":2/) },
  ]);
  expect(checkSameRun(trace, trace.slice(0, -1))).toEqual([
    { check: 'same run', atMs: trace.at(-1)?.atMs, message: expect.stringContaining('is nothing in the second run') },
  ]);
});
