import { expect, test } from 'vitest';
import { parseRssAnon } from '../../src/processes/memory.js';

test('RssAnon is read out of what Linux tells of a process', () => {
  expect(parseRssAnon('VmRSS:\t  90000 kB\nRssAnon:\t   52104 kB\nRssFile:\t   40000 kB\n')).toBe(52_104 * 1_024);
});

test('a system that does not tell it is an error, not a 0', () => {
  expect(() => parseRssAnon('VmRSS:\t  90000 kB\n')).toThrow(/Linux/);
});
