// The policy of plain sends as users give it: checked, and in milliseconds.

import { checkNumber } from '@holdfast/protocol';
import {
  type OnError,
  RETURN_ON_ERROR,
  RETURN_ON_ERROR_NO_DISCONNECT,
  type SendPolicy,
  SUSPEND_ON_ERROR,
  WAIT_FOR_ACK,
  WAIT_TIL_SENT,
  type WaitFor,
} from './core/index.js';

/** The policy to begin with: impOS's. */
export const DEFAULT_SEND_POLICY: SendPolicy = Object.freeze({
  onError: SUSPEND_ON_ERROR,
  waitFor: WAIT_TIL_SENT,
  timeoutMs: 30_000,
});

const ON_ERROR: readonly OnError[] = [SUSPEND_ON_ERROR, RETURN_ON_ERROR, RETURN_ON_ERROR_NO_DISCONNECT];
const WAIT_FOR: readonly WaitFor[] = [WAIT_TIL_SENT, WAIT_FOR_ACK];
/** The longest timeout of a send or a flush, in seconds. */
const TIMEOUT_MAX_SECONDS = 3_600;

/** A policy of these values. @throws RangeError or TypeError that names the wrong one */
export function sendPolicy(onError: OnError, waitFor: WaitFor, timeoutSeconds: number): SendPolicy {
  if (!ON_ERROR.includes(onError)) {
    throw new RangeError(`onError must be ${ON_ERROR.join(' or ')}, not ${String(onError)}`);
  }
  if (!WAIT_FOR.includes(waitFor)) {
    throw new RangeError(`waitFor must be ${WAIT_FOR.join(' or ')}, not ${String(waitFor)}`);
  }
  return { onError, waitFor, timeoutMs: checkTimeoutSeconds(timeoutSeconds) };
}

/** A timeout in milliseconds. @throws RangeError or TypeError unless it is from 0 to 3600 seconds */
export function checkTimeoutSeconds(timeoutSeconds: number): number {
  return checkNumber('timeoutSeconds', timeoutSeconds, { min: 0, max: TIMEOUT_MAX_SECONDS }) * 1_000;
}
