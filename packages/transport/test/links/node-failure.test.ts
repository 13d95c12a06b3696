// What real sockets say is in tcp.test.ts and tcp-tls.test.ts; here is what is hard to provoke.

import { expect, test } from 'vitest';
import { CONNECT_REASON } from '../../src/index.js';
import { nodeFailure, oneLine } from '../../src/links/node-failure.js';

function errorWith(code: string, message = 'something'): NodeJS.ErrnoException {
  return Object.assign(new Error(message), { code });
}

test.each([
  ['EAI_AGAIN', CONNECT_REASON.notResolved],
  ['ENETUNREACH', CONNECT_REASON.noLink],
  ['EHOSTUNREACH', CONNECT_REASON.noLink],
  ['EADDRNOTAVAIL', CONNECT_REASON.noIpAddress],
  ['ETIMEDOUT', CONNECT_REASON.noServer],
  ['CERT_NOT_YET_VALID', CONNECT_REASON.noServer],
])('%s has a reason, and keeps its cause', (code, reason) => {
  const cause = errorWith(code);
  const failure = nodeFailure(cause, 'host:1');
  expect(failure).toMatchObject({ name: 'LinkError', reason, cause });
  expect(failure.message).toMatch(/^can not connect to host:1: \w/);
  expect(failure.message).not.toContain('something');
});

test('what nobody has foreseen says what Node says, in one line', () => {
  const failure = nodeFailure(errorWith('EWHATEVER', ' first\n  second\n'), 'host:1');
  expect(failure).toMatchObject({
    reason: CONNECT_REASON.noServer,
    message: 'can not connect to host:1: first; second',
  });
  expect(oneLine(Object.assign(new Error('long'), { reason: 'short' }))).toBe('short');
});
