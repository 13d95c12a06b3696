// The one way to run a handler, at both ends.

import { NACK_CODE } from '@holdfast/protocol';
import { type HandlingResult, thrownAnswer } from './handler-answers.js';

/** How a handler ended. */
export type Handled = HandlingResult | { readonly status: 'failed'; readonly error: unknown };

/** Runs a handler. One that returns no promise costs none. */
export function runHandler(handler: () => unknown): Handled | Promise<Handled> {
  try {
    const result = handler();
    return isThenable(result) ? Promise.resolve(result).then(returned, thrown) : returned(result);
  } catch (error) {
    return thrown(error);
  }
}

/** What is said of a message that nobody handles. */
export function nobodyHandles(name: string): HandlingResult {
  const reason = `nobody handles ${name}`;
  return { status: 'again', pause: { code: NACK_CODE.noHandler, retryAfterMs: 0, reason } };
}

/** What is said of a message whose handler failed. The error stays here: it may hold what the other end should not see. */
export function handlerFailed(): HandlingResult {
  return {
    status: 'again',
    pause: { code: NACK_CODE.handlerFailed, retryAfterMs: 0, reason: 'the handler failed' },
  };
}

/** Whether a value can be awaited; promises of other realms and libraries, too. */
export function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && typeof (value as { then?: unknown }).then === 'function';
}

function returned(reply: unknown): Handled {
  return reply === undefined ? undefined : { status: 'replied', reply };
}

function thrown(error: unknown): Handled {
  return thrownAnswer(error) ?? { status: 'failed', error };
}
