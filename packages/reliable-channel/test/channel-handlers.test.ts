import { NACK_CODE } from '@holdfast/protocol';
import { beforeEach, expect, it } from 'vitest';
import { ChannelHandlers } from '../src/channel-handlers.js';
import { reject } from '../src/handler-answers.js';
import type { IncomingMessage } from '../src/incoming-message.js';

let failures: unknown[];
let handlers: ChannelHandlers;

beforeEach(() => {
  failures = [];
  handlers = new ChannelHandlers((name, error) => failures.push([name, error]));
});

function messageOf(name: string, data: unknown = null): IncomingMessage {
  return {
    id: 'e--1',
    name,
    lane: '',
    headers: {},
    attempt: 1,
    data,
    inboxTransaction: () => Promise.reject(new Error()),
  };
}

it('runs the latest handler of a name, with the data and the message', () => {
  const message = messageOf('set', 21);
  handlers.set('set', () => 'old');
  handlers.set('set', (data, told) => [data * 2, told === message]);
  expect(handlers.run(message)).toEqual({ status: 'replied', reply: [42, true] });
});

it('asks for a message again that nobody handles', () => {
  expect(handlers.run(messageOf('set'))).toMatchObject({ status: 'again', pause: { code: NACK_CODE.noHandler } });
});

it('tells of a handler that throws or rejects, and asks for its message again', async () => {
  const error = new Error('stuck');
  handlers.set('now', () => {
    throw error;
  });
  handlers.set('later', async () => {
    throw error;
  });
  expect(handlers.run(messageOf('now'))).toMatchObject({ status: 'again', pause: { code: NACK_CODE.handlerFailed } });
  await expect(handlers.run(messageOf('later'))).resolves.toMatchObject({ status: 'again' });
  expect(failures).toEqual([
    ['now', error],
    ['later', error],
  ]);
});

it('takes a refusal for an answer, not for a failure', () => {
  handlers.set('set', () => {
    throw reject('out of range');
  });
  expect(handlers.run(messageOf('set'))).toEqual({ status: 'rejected', reason: 'out of range' });
  expect(failures).toEqual([]);
});

it('takes nothing but functions', () => {
  expect(() => handlers.set('set', 'no' as never)).toThrow('the handler of set must be a function');
});
