import { describe, expect, it } from 'vitest';
import { escapeMarkup, px, wrapText } from '../../src/outcomes/svg.js';

it('escapes what would be markup, in elements and in quotes', () => {
  expect(escapeMarkup('<a b="c">&amp;')).toBe('&lt;a b=&quot;c&quot;&gt;&amp;amp;');
});

it('writes lengths to a tenth', () => {
  expect([1, 1.25, 1 / 3, -0.04].map(px)).toEqual(['1', '1.3', '0.3', '0']);
});

describe('wrapped text', () => {
  it('fills lines up to the limit and no further', () => {
    expect(wrapText('one two three', 7)).toEqual(['one two', 'three']);
    expect(wrapText('one two three', 6)).toEqual(['one', 'two', 'three']);
  });

  it('keeps a longer word whole', () => {
    expect(wrapText('a RETURN_ON_ERROR b', 5)).toEqual(['a', 'RETURN_ON_ERROR', 'b']);
  });
});
