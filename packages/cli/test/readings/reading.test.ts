import { expect, it } from 'vitest';
import { ReadingError } from '../../src/readings/reading.js';

it('names line and fault, and the source once that is known', () => {
  const error = new ReadingError(7, 'is odd');
  expect(error).toMatchObject({ message: 'the input, line 7: is odd', line: 7, exitCode: 1 });
  expect(error.in('a.csv')).toMatchObject({ message: 'a.csv, line 7: is odd', line: 7, fault: 'is odd' });
});
