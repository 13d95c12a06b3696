import { type Frame, REFUSE_CODE } from '@holdfast/protocol/core';
import { describe, expect, test } from 'vitest';
import { Handshake } from '../../src/core/index.js';
import { HELLO, OPTIONS, WELCOME } from '../rig.js';

const dialing = (): Handshake => new Handshake({ ...OPTIONS, token: 's3cret' });
const accepting = (): Handshake => new Handshake({ ...OPTIONS, role: 'accepting' });
const MESSAGE: Frame = { type: 'message', name: 'n', data: new Uint8Array(1) };
const REFUSE: Frame = {
  type: 'refuse',
  code: 2,
  retryAfterMs: 5,
  versionMin: 1,
  versionMax: 1,
  reason: 'wrong token',
};

describe('Handshake of a device', () => {
  test('says who it is', () => {
    expect(dialing().hello()).toEqual({ ...HELLO, token: 's3cret' });
  });

  test('is over well with a welcome', () => {
    expect(dialing().onFrame(WELCOME)).toEqual({ type: 'welcomed' });
  });

  test('does not come in by a welcome in another version', () => {
    const step = dialing().onFrame({ ...WELCOME, version: 2 } as Frame);
    expect(step).toMatchObject({ type: 'wrong', error: { code: 'VERSION_UNSUPPORTED' } });
  });

  test('ends with a refusal and passes its reason and wish on', () => {
    const cause = { kind: 'refused', code: 2, retryAfterMs: 5, detail: 'the server refused this device: wrong token' };
    expect(dialing().onFrame(REFUSE)).toEqual({ type: 'over', cause });
  });

  test('ends with a close frame', () => {
    const step = dialing().onFrame({ type: 'close', code: 4, reason: 'bye' });
    expect(step).toEqual({ type: 'over', cause: { kind: 'closedByPeer', detail: 'bye', code: 4 } });
  });

  test.each([HELLO, MESSAGE, { type: 'ping', nonce: 1 } as const])('has no use for $type', (frame) => {
    expect(dialing().onFrame(frame)).toMatchObject({ type: 'wrong', error: { code: 'FRAME_UNEXPECTED' } });
  });
});

describe('Handshake of a server', () => {
  test('hands the first hello on and waits for the answer', () => {
    const handshake = accepting();
    expect(handshake.isAsked).toBe(false);
    const step = handshake.onFrame({ ...HELLO, token: 'a' } as Frame);
    expect(step).toEqual({ type: 'tell', output: { type: 'hello', deviceId: 'press-7', token: 'a' } });
    expect(handshake.isAsked).toBe(true);
  });

  test('finds a second hello wrong', () => {
    const handshake = accepting();
    handshake.onFrame(HELLO);
    expect(handshake.onFrame(HELLO)).toMatchObject({ type: 'wrong', error: { code: 'FRAME_UNEXPECTED' } });
  });

  test('refuses another version by itself, and says which it speaks', () => {
    const handshake = accepting();
    const step = handshake.onFrame({ type: 'hello', version: 9, deviceId: '', token: '' });
    const reason = 'protocol version 9 is not spoken here, version 1 is';
    expect(step).toEqual({ type: 'refuse', code: REFUSE_CODE.versionUnsupported, reason });
    expect(handshake.isAsked).toBe(false);
    expect(handshake.refusal(1, reason, 0)).toMatchObject({ type: 'refuse', versionMin: 1, versionMax: 1, reason });
  });

  test.each([WELCOME, REFUSE, MESSAGE])('has no use for $type', (frame) => {
    expect(accepting().onFrame(frame)).toMatchObject({ type: 'wrong', error: { code: 'FRAME_UNEXPECTED' } });
  });

  test('says in its welcome how large a message may be', () => {
    expect(accepting().welcome()).toEqual(WELCOME);
  });
});
