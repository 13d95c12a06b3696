// What a handler can say of a message: that it is done, with a reply or without, that it refuses it for good, or that it is
// to come again. The last two are thrown, so that they get out of any depth of a program.

import { checkInteger, NACK_CODE } from '@holdfast/protocol';
import { fitReason } from '@holdfast/protocol/core';
import type { Pause } from './core/index.js';

/** What became of a message. `undefined`: the handler is done and has nothing to say. */
export type HandlingResult =
  | undefined
  /** The handler is done and answers with this value. */
  | { readonly status: 'replied'; readonly reply: unknown }
  /** It refuses the message for good. */
  | { readonly status: 'rejected'; readonly reason: string }
  /** The message is to come again. */
  | { readonly status: 'again'; readonly pause: Pause };

/** The longest wait that a handler can ask for, in milliseconds: 30 days. */
export const RETRY_LATER_MAX_MS = 30 * 86_400_000;

/** Recognises answers across two installed copies of this package, where `instanceof` would fail. */
const ANSWER = Symbol.for('holdfast.handlerAnswer');

/** An answer that is thrown. Made by `reject` and `retryLater`. */
export class HandlerAnswerError extends Error {
  override readonly name = 'HandlerAnswerError';

  constructor(message: string, answer: HandlingResult) {
    super(message);
    Object.defineProperty(this, ANSWER, { value: answer });
  }
}

/**
 * To be thrown by a handler that refuses the message for good: the sender's delivery settles as `rejected`, and the message
 * never comes again.
 *
 * @param reason - one line for people at the other end; cut after 255 bytes. Keep out what no device should see
 */
export function reject(reason: string): HandlerAnswerError {
  const text = fitReason(String(reason));
  return new HandlerAnswerError(`rejected: ${text}`, { status: 'rejected', reason: text });
}

/**
 * To be thrown by a handler that can not take the message now: it comes again, and what follows it in its lane waits.
 *
 * @param afterMs - not earlier than this, in milliseconds; 0: as the sender's own schedule says
 * @param reason - one line for people at the other end; cut after 255 bytes
 * @throws TypeError or RangeError when `afterMs` is not a whole number from 0 to `RETRY_LATER_MAX_MS`
 */
export function retryLater(afterMs: number, reason = 'the handler asks to be tried later'): HandlerAnswerError {
  const retryAfterMs = checkInteger('afterMs', afterMs, { min: 0, max: RETRY_LATER_MAX_MS });
  const pause = { code: NACK_CODE.retryLater, retryAfterMs, reason: fitReason(String(reason)) };
  return new HandlerAnswerError(`to be tried later: ${pause.reason}`, { status: 'again', pause });
}

/** What a handler said by throwing, or `undefined` when it failed. */
export function thrownAnswer(error: unknown): Exclude<HandlingResult, undefined> | undefined {
  if (typeof error !== 'object' || error === null) return undefined;
  return (error as { readonly [ANSWER]?: Exclude<HandlingResult, undefined> })[ANSWER];
}
