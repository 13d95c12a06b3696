import { expect, test } from 'vitest';
import { clockTime, countEvents, TraceRecorder, traceHash, traceLine } from '../../src/trial/trace-recorder.js';

function makeTrace() {
  let nowMs = 0;
  const recorder = new TraceRecorder(() => nowMs);
  recorder.record('chip-2', { what: 'fault', fault: 'stick', ms: 30 });
  nowMs = 61_002.5;
  recorder.record('device-1', { what: 'settled', n: 3, status: 'acknowledged', reply: '' });
  return recorder.events;
}

test('an event keeps its time, and is one aligned line; nothing is a dash', () => {
  const trace = makeTrace();
  expect(trace[1]).toEqual({
    atMs: 61_002.5,
    who: 'device-1',
    what: 'settled',
    n: 3,
    status: 'acknowledged',
    reply: '',
  });
  expect(trace.map(traceLine)).toEqual([
    '00:00.000  chip-2         fault            fault=stick ms=30',
    '01:01.002  device-1       settled          n=3 status=acknowledged reply=-',
  ]);
  expect(traceLine({ atMs: 0, who: 'a', what: 'commitBegan', commit: 1, about: '' })).toMatch(/commit=1 about=-$/);
  expect(clockTime(3_600_000)).toBe('60:00.000');
});

test('the hash is the same for equal traces, and tells fractions of a millisecond apart', () => {
  const trace = makeTrace();
  expect(traceHash(makeTrace())).toBe(traceHash(trace));
  const later = trace.map((event, index) => (index === 1 ? { ...event, atMs: 61_002.6 } : event));
  expect(new Set([traceHash(trace), traceHash(later), traceHash(trace.slice(1))]).size).toBe(3);
});

test('events are counted by kind, faults by what they hit', () => {
  expect(countEvents(makeTrace())).toEqual({ 'fault chip stick': 1, settled: 1 });
});
