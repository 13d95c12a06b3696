import { encodeMessage } from '@holdfast/protocol';
import { encodeEntry, encodeFrame, type Frame } from '@holdfast/protocol/core';
import { expect, test } from 'vitest';
import { FrameTap } from '../../src/trial/frame-tap.js';
import { makeData } from '../../src/trial/message-body.js';

/** What an encoded message has is good until the next one is encoded. */
function encoded(name: string, n: number, bytes: number): { readonly name: string; readonly data: Uint8Array } {
  return { name, data: encodeMessage(name, makeData(n, bytes)).data.slice() };
}

const plain = (n: number): Frame => ({ type: 'message', ...encoded('plain', n, 300) });

function data(...numbers: number[]): Frame {
  const messages = numbers.map((n) => encoded('reading', n, 40));
  const entries = Buffer.concat(messages.map(({ name, data: bytes }) => encodeEntry(name, bytes)));
  const about = { epoch: '0123456789abcdef', floor: 1, lane: '', after: 0, first: 1, attempt: 1 };
  return { type: 'data', ...about, count: numbers.length, entries };
}

const STREAM = Buffer.concat([plain(1), { type: 'ping', nonce: 1 } as const, data(2, 3), plain(4)].map(encodeFrame));
const FOUND = ['1 plain', '2', '3', '4 plain'];

function listen() {
  const found: string[] = [];
  const tap = new FrameTap((n, isPlain) => found.push(isPlain ? `${n} plain` : `${n}`));
  return { tap, found };
}

test.each([1, 3, 100, STREAM.length])('messages are found in pieces of %d bytes', (size) => {
  const { tap, found } = listen();
  for (let start = 0; start < STREAM.length; start += size) tap.take(STREAM.subarray(start, start + size));
  expect(found).toEqual(FOUND);
});

test('a message is told with the last byte of its frame, and the bytes may change afterwards', () => {
  const { tap, found } = listen();
  const first = Uint8Array.from(encodeFrame(plain(1)));
  tap.take(first.subarray(0, -1));
  expect(found).toEqual([]);
  const last = first.slice(-1);
  first.fill(0);
  tap.take(last);
  expect(found).toEqual(['1 plain']);
});
