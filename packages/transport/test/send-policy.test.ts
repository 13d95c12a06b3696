import { describe, expect, test } from 'vitest';
import { checkTimeoutSeconds, DEFAULT_SEND_POLICY, sendPolicy } from '../src/send-policy.js';

describe('sendPolicy', () => {
  test('S24 begins with SUSPEND_ON_ERROR, WAIT_TIL_SENT, 30 s', () => {
    expect(DEFAULT_SEND_POLICY).toEqual(sendPolicy('SUSPEND_ON_ERROR', 'WAIT_TIL_SENT', 30));
  });

  test('takes every policy, and counts in milliseconds', () => {
    for (const onError of ['SUSPEND_ON_ERROR', 'RETURN_ON_ERROR', 'RETURN_ON_ERROR_NO_DISCONNECT'] as const) {
      for (const waitFor of ['WAIT_TIL_SENT', 'WAIT_FOR_ACK'] as const) {
        expect(sendPolicy(onError, waitFor, 0.25)).toEqual({ onError, waitFor, timeoutMs: 250 });
      }
    }
  });

  test('names what is wrong', () => {
    expect(() => sendPolicy('HALT' as 'SUSPEND_ON_ERROR', 'WAIT_TIL_SENT', 1)).toThrow('onError');
    expect(() => sendPolicy('SUSPEND_ON_ERROR', 'WAIT' as 'WAIT_FOR_ACK', 1)).toThrow('waitFor');
    for (const seconds of [-0.1, 3_600.1, Number.NaN]) {
      expect(() => checkTimeoutSeconds(seconds)).toThrow('timeoutSeconds');
    }
    expect([checkTimeoutSeconds(0), checkTimeoutSeconds(3_600)]).toEqual([0, 3_600_000]);
  });
});
