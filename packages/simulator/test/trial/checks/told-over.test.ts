import { expect, it } from 'vitest';
import { checkToldOver } from '../../../src/trial/checks/told-over.js';
import * as t from './traces.js';

const over = (attempts: number, life = 1): t.Step => t.ended(1, 1, 'expired', life, attempts);

it.each<[string, t.Step[]]>([
  ['that was attempted', [t.send(1), over(1), t.began(1)]],
  ['of an earlier life, which may have attempted it', [t.send(1), t.crashed(), over(0, 2), t.began(1)]],
])('takes a message %s', (_, steps) => {
  expect(checkToldOver(t.traceOf(steps))).toEqual([]);
});

it.each<[string, t.Step[]]>([
  ['after', [t.send(1), over(0), t.began(1)]],
  ['before', [t.send(1), t.began(1), over(0)]],
])('finds one that came to a handler %s it was told to be over without an attempt', (_, steps) => {
  const found = checkToldOver(t.traceOf(steps)).map(({ message }) => message);
  expect(found).toEqual(['message 1 of device-1 came to a handler, and is expired without an attempt']);
});
