import { expect, test } from 'vitest';
import { describeClose, describeUrl, resolveWebSocketUrl } from '../../src/links/websocket-options.js';

test.each(['192.0.2.1', 'example.com', 'localhost.example.com', '[2001:db8::1]', '0.0.0.0'])(
  'ws: does not lead to %s, unless that is said in so many words',
  (host) => {
    const url = `ws://${host}/holdfast`;
    expect(() => resolveWebSocketUrl({ url })).toThrow(expect.objectContaining({ code: 'PLAINTEXT_REFUSED' }));
    expect(() => resolveWebSocketUrl({ url, plaintext: false })).toThrow(host.replace(/[[\]]/g, ''));
    expect(resolveWebSocketUrl({ url, plaintext: true }).href).toBe(url);
    expect(resolveWebSocketUrl({ url: `wss://${host}/holdfast` }).protocol).toBe('wss:');
  },
);

test.each(['localhost', '127.0.0.1', '127.1', '[::1]'])('ws: leads to %s', (host) => {
  expect(resolveWebSocketUrl({ url: `ws://${host}:7400` }).port).toBe('7400');
});

test.each([
  ['', 'url'],
  ['127.0.0.1:7400', 'url'],
  ['/holdfast', 'url'],
  ['ws://[tok-9f3a77', /^(?!.*9f3a77)url/],
  ['https://example.com', 'ws: or wss:'],
  ['wss://example.com/#a', 'fragment'],
  [`wss://example.com/${'x'.repeat(2_048)}`, 'url'],
])('refuses %j', (url, message) => {
  expect(() => resolveWebSocketUrl({ url })).toThrow(message);
});

test.each(['wss://press-7:tok-9f3a77@example.com', 'wss://tok-9f3a77@example.com', 'wss://:tok-9f3a77@example.com'])(
  'refuses a secret in %s, and does not repeat it',
  (url) => {
    expect(() => resolveWebSocketUrl({ url })).toThrow(
      /^url must not hold a user or a password; give the token to createTransport$/,
    );
  },
);

test('refuses certificates where there is no TLS', () => {
  expect(() => resolveWebSocketUrl({ url: 'ws://localhost', tls: {} })).toThrow('tls');
});

test('describes an address without its query', () => {
  expect(describeUrl(new URL('wss://example.com:8443/a/b?token=tok-9f3a77'))).toBe('wss://example.com:8443/a/b');
});

test('describes how a connection ended', () => {
  expect(describeClose(1006, '')).toBe('the connection was lost');
  expect(describeClose(1001, 'restart')).toBe('the other end is going away: restart');
  expect(describeClose(4_000, '')).toBe('the other end closed the connection with WebSocket code 4000');
});
