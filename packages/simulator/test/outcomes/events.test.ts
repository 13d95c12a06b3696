import { expect, it } from 'vitest';
import { eventsOf } from '../../src/outcomes/events.js';
import { at, madeUp } from './rig.js';

it('finds the events of one type, in their order', () => {
  const [first, second] = [at(1, { type: 'handled', message: 2 }), at(5, { type: 'handled', message: 1 })];
  const recording = madeUp([first, at(3, { type: 'suspended' }), second]);
  expect(eventsOf(recording, 'handled')).toEqual([first, second]);
  expect(eventsOf(recording, 'resumed')).toEqual([]);
});
