import { expect, test } from 'vitest';
import { isLoopbackHost } from '../../src/links/loopback-host.js';

test.each(['localhost', '127.0.0.1', '127.1.2.3', '127.255.255.255', '127.0.0.10', '::1'])(
  '%s is this machine',
  (host) => {
    expect(isLoopbackHost(host)).toBe(true);
  },
);

test.each([
  '',
  '192.0.2.1',
  '0.0.0.0',
  '::',
  '127.256.0.1',
  '127.0.0',
  '127.0.0.1.',
  '127.0.0.1.example.com',
  '127.example.com',
  'localhost.example.com',
  'my-localhost',
  '128.0.0.1',
])('%j may be another machine', (host) => {
  expect(isLoopbackHost(host)).toBe(false);
});
