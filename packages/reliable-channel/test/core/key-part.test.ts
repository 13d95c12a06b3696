import fc from 'fast-check';
import { expect, it } from 'vitest';
import { keyPart } from '../../src/core/index.js';

it('a key part is the text itself when nothing in it can be mistaken', () => {
  for (const text of ['press-7', 'Halle ü', '', 'a.b~c', '🌡']) expect(keyPart(text)).toBe(text);
});

it('a key part holds no slash and no control character', () => {
  expect(keyPart('a/b')).toBe('a%2fb');
  expect(keyPart('50%')).toBe('50%25');
  expect(keyPart('x\u0000\u001f\u007f')).toBe('x%00%1f%7f');
});

it('two texts have two parts', () => {
  const texts = fc.string({ unit: fc.constantFrom('a', '/', '%', '2', 'f', '5', '\n'), maxLength: 8 });
  fc.assert(
    fc.property(texts, texts, (one, other) => {
      expect(keyPart(one) === keyPart(other)).toBe(one === other);
    }),
    { numRuns: 2_000 },
  );
});
