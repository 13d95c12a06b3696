import { NACK_CODE } from '@holdfast/protocol';
import { describe, expect, it } from 'vitest';
import { HandlerAnswerError, RETRY_LATER_MAX_MS, reject, retryLater, thrownAnswer } from '../src/index.js';

describe('reject', () => {
  it('makes an error that says that the message is refused for good', () => {
    const error = reject('no such valve');
    expect(error).toBeInstanceOf(HandlerAnswerError);
    expect(error.message).toBe('rejected: no such valve');
    expect(thrownAnswer(error)).toEqual({ status: 'rejected', reason: 'no such valve' });
  });

  it('cuts a reason that does not fit its field', () => {
    expect(thrownAnswer(reject('é'.repeat(1_000)))).toEqual({ status: 'rejected', reason: 'é'.repeat(127) });
  });
});

describe('retryLater', () => {
  it('makes an error that says when the message is to come again', () => {
    const pause = { code: NACK_CODE.retryLater, retryAfterMs: 5_000, reason: 'the valve is busy' };
    expect(thrownAnswer(retryLater(5_000, 'the valve is busy'))).toEqual({ status: 'again', pause });
    expect(thrownAnswer(retryLater(0))).toMatchObject({ pause: { retryAfterMs: 0 } });
  });

  it('takes whole milliseconds up to its limit', () => {
    expect(retryLater(RETRY_LATER_MAX_MS)).toBeInstanceOf(Error);
    expect(() => retryLater(RETRY_LATER_MAX_MS + 1)).toThrow(RangeError);
    expect(() => retryLater(-1)).toThrow(RangeError);
    expect(() => retryLater(1.5)).toThrow(TypeError);
  });
});

describe('what was thrown', () => {
  it.each([undefined, null, 'text', 7, new Error('no'), { status: 'rejected' }])('is no answer: %s', (error) => {
    expect(thrownAnswer(error)).toBeUndefined();
  });

  it('is an answer also when another copy of the package made it', () => {
    const answer = { status: 'rejected', reason: 'no' };
    expect(thrownAnswer({ [Symbol.for('holdfast.handlerAnswer')]: answer })).toBe(answer);
  });
});
