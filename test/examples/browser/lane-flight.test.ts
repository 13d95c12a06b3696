import { expect, test } from 'vitest';
import { LaneFlight } from '../../../examples/browser/page/lane-flight.js';

/** A lane of which these are not settled. */
function lane(name: string, first: number, last: number) {
  return { lane: name, nextSequence: last + 1, messages: last - first + 1 };
}

test('what is in flight is the beginning of a lane', () => {
  const flight = new LaneFlight(['']);
  flight.update([lane('', 11, 20)], 4);
  expect(flight.sentUpTo('')).toBe(14);
});

test('a lane of which nothing is known has sent nothing', () => {
  const flight = new LaneFlight(['alarms', '']);
  flight.update([lane('strange', 1, 3)], 3);
  expect([flight.sentUpTo('alarms'), flight.sentUpTo('strange')]).toEqual([0, 0]);
});

test('a lane of a higher priority sends first', () => {
  const flight = new LaneFlight(['alarms', '']);
  flight.update([lane('', 1, 10), lane('alarms', 1, 2)], 5);
  expect([flight.sentUpTo('alarms'), flight.sentUpTo('')]).toEqual([2, 3]);
});

test('what is in flight stays in its lane when one of a higher priority gets something', () => {
  const flight = new LaneFlight(['alarms', '']);
  flight.update([lane('', 1, 10)], 5);
  flight.update([lane('', 1, 10), lane('alarms', 1, 2)], 5);
  expect([flight.sentUpTo('alarms'), flight.sentUpTo('')]).toEqual([0, 5]);
  // Two acks make room, and it goes to the alarms.
  flight.onSettled('', 1, 2);
  flight.update([lane('', 3, 10), lane('alarms', 1, 2)], 5);
  expect([flight.sentUpTo('alarms'), flight.sentUpTo('')]).toEqual([2, 5]);
});

test('a lost connection brings everything back', () => {
  const flight = new LaneFlight(['alarms', '']);
  flight.update([lane('', 1, 10), lane('alarms', 1, 2)], 12);
  flight.update([lane('', 1, 10), lane('alarms', 1, 2)], 0);
  expect([flight.sentUpTo('alarms'), flight.sentUpTo('')]).toEqual([0, 0]);
});

test('what comes back comes back from the lane of the lowest priority first, its last message first', () => {
  const flight = new LaneFlight(['alarms', '']);
  flight.update([lane('', 1, 10), lane('alarms', 1, 2)], 6);
  flight.update([lane('', 1, 10), lane('alarms', 1, 2)], 3);
  expect([flight.sentUpTo('alarms'), flight.sentUpTo('')]).toEqual([2, 1]);
});

test('a message that ended in the middle of a lane moves nothing', () => {
  const flight = new LaneFlight(['']);
  flight.update([lane('', 1, 10)], 2);
  flight.onSettled('', 7, 7);
  flight.update([{ lane: '', nextSequence: 11, messages: 9 }], 2);
  expect(flight.sentUpTo('')).toBe(2);
});
