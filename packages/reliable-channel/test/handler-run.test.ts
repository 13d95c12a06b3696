import { NACK_CODE } from '@holdfast/protocol';
import { describe, expect, it } from 'vitest';
import { reject, retryLater } from '../src/handler-answers.js';
import { handlerFailed, isThenable, nobodyHandles, runHandler } from '../src/handler-run.js';

const failure = new Error('no database');

describe('a handler that is run', () => {
  it.each([
    ['returns nothing', () => undefined, undefined],
    ['returns a value', () => 0, { status: 'replied', reply: 0 }],
    ['returns null', () => null, { status: 'replied', reply: null }],
    [
      'refuses',
      () => {
        throw reject('no such account');
      },
      { status: 'rejected', reason: 'no such account' },
    ],
    [
      'asks for later',
      () => {
        throw retryLater(500, 'busy');
      },
      { status: 'again', pause: { code: NACK_CODE.retryLater, retryAfterMs: 500, reason: 'busy' } },
    ],
    [
      'throws',
      () => {
        throw failure;
      },
      { status: 'failed', error: failure },
    ],
  ])('%s: says so at once, and the same when it is async', async (_, handler, expected) => {
    expect(runHandler(handler)).toEqual(expected);
    await expect(runHandler(async () => handler())).resolves.toEqual(expected);
  });

  it('costs no promise when it returns none', () => {
    expect(runHandler(() => 1)).not.toBeInstanceOf(Promise);
  });

  it('may return a promise of another library', async () => {
    // biome-ignore lint/suspicious/noThenProperty: that is what such a promise is
    const foreign = { then: (resolve: (value: string) => void) => resolve('done') };
    await expect(runHandler(() => foreign)).resolves.toEqual({ status: 'replied', reply: 'done' });
  });
});

it('tells what can be awaited', () => {
  expect([Promise.resolve(), {}, null, undefined, 'then', () => {}].map(isThenable)).toEqual([
    ...[true, false, false, false, false, false],
  ]);
});

it('keeps the error of a handler at this end', () => {
  expect(handlerFailed()).toEqual({
    status: 'again',
    pause: { code: NACK_CODE.handlerFailed, retryAfterMs: 0, reason: 'the handler failed' },
  });
  expect(nobodyHandles('reading')).toEqual({
    status: 'again',
    pause: { code: NACK_CODE.noHandler, retryAfterMs: 0, reason: 'nobody handles reading' },
  });
});
