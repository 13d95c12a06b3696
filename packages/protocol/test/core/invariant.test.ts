import { describe, expect, it } from 'vitest';
import { InvariantError, invariant, isHoldfastError } from '../../src/core/index.js';

describe('invariant', () => {
  it('is silent when the condition holds', () => {
    invariant(true, 'not thrown');
    invariant('anything truthy', 'not thrown');
  });

  it('throws an InvariantError when it does not', () => {
    for (const condition of [false, 0, '', null, undefined, Number.NaN]) {
      expect(() => invariant(condition, 'one is more than none')).toThrow(new InvariantError('one is more than none'));
    }
  });

  it('is not one of the errors that a user can do something about', () => {
    expect(isHoldfastError(new InvariantError('a bug'))).toBe(false);
    expect(new InvariantError('a bug').name).toBe('InvariantError');
  });
});
