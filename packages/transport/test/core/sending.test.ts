// What a connection sends, when there is one and when there is not. The whole of it is in connection-sends.test.ts.

import { describe, expect, test } from 'vitest';
import {
  DISCONNECTED,
  NOT_CONNECTED,
  type OnError,
  RETURN_ON_ERROR,
  RETURN_ON_ERROR_NO_DISCONNECT,
  type SendInput,
  Sending,
  SUSPEND_ON_ERROR,
  WAIT_FOR_ACK,
  WAIT_TIL_SENT,
  WOULDBLOCK,
} from '../../src/core/index.js';
import { OPTIONS } from '../rig.js';

const send = (id: number, onError: OnError, bytes = 100, waitFor: SendInput['waitFor'] = WAIT_TIL_SENT): SendInput => ({
  type: 'send',
  id,
  bytes: new Uint8Array(bytes).fill(id),
  onError,
  waitFor,
  timeoutMs: 30_000,
});
const small = (): Sending => new Sending({ ...OPTIONS, sendBufferBytes: 200 });
const LOST = { kind: 'linkLost', detail: 'gone' } as const;
const ASKED = { kind: 'asked', detail: 'bye' } as const;
const codes = (sending: Sending) =>
  sending.callers.takeDone().map((result) => (result.type === 'sendDone' ? [result.id, result.code] : [result.id]));

describe('Sending', () => {
  test('S15 without a connection a send is refused, or held under SUSPEND_ON_ERROR', () => {
    const sending = small();
    sending.handle(send(1, RETURN_ON_ERROR), false, 0);
    sending.handle(send(2, RETURN_ON_ERROR_NO_DISCONNECT), false, 0);
    sending.handle(send(3, SUSPEND_ON_ERROR), false, 0);
    expect(codes(sending)).toEqual([
      [1, NOT_CONNECTED],
      [2, NOT_CONNECTED],
    ]);
    expect([sending.callers.heldCount, sending.buffer.usedBytes]).toEqual([1, 0]);
  });

  test('S20 what does not fit is refused whole, at once, and what fits later is taken', () => {
    const sending = small();
    sending.handle(send(1, RETURN_ON_ERROR_NO_DISCONNECT, 150), true, 0);
    sending.handle(send(2, RETURN_ON_ERROR_NO_DISCONNECT, 51), true, 0);
    expect(codes(sending)).toEqual([
      [1, 0],
      [2, WOULDBLOCK],
    ]);
    expect(sending.buffer.usedBytes).toBe(150);
    sending.handle(send(3, RETURN_ON_ERROR_NO_DISCONNECT, 50), true, 0);
    expect(codes(sending)).toEqual([[3, 0]]);
  });

  test('S20 behind a send that waits nothing is taken, and a message larger than the buffer never', () => {
    const sending = small();
    sending.handle(send(1, RETURN_ON_ERROR_NO_DISCONNECT, 201), true, 0);
    expect(codes(sending)).toEqual([[1, WOULDBLOCK]]);
    sending.handle(send(2, RETURN_ON_ERROR, 300), true, 0);
    sending.handle(send(3, RETURN_ON_ERROR_NO_DISCONNECT, 1), true, 0);
    expect(codes(sending)).toEqual([[3, WOULDBLOCK]]);
  });

  test('S25 makes held sends again from their first byte, in order, each with its whole time', () => {
    const sending = small();
    sending.handle(send(1, SUSPEND_ON_ERROR, 150, WAIT_FOR_ACK), true, 0);
    sending.handle(send(2, SUSPEND_ON_ERROR, 100), true, 0);
    expect(sending.buffer.usedBytes).toBe(200);
    sending.onGone(LOST, 5_000);
    expect([sending.buffer.usedBytes, codes(sending)]).toEqual([0, []]);
    sending.onConnected(70_000);
    expect(sending.callers.earliestDeadlineMs).toBe(100_000);
    expect(sending.buffer.peek(200)).toEqual(new Uint8Array([...Array(150).fill(1), ...Array(50).fill(2)]));
  });

  test('answers everyone when the program asked for the end', () => {
    const sending = small();
    sending.handle(send(1, SUSPEND_ON_ERROR, 300), true, 0);
    sending.handle({ type: 'flush', id: 2, timeoutMs: 1_000 }, true, 0);
    sending.onClosing(ASKED, 10);
    expect(codes(sending)).toEqual([[1, DISCONNECTED], [2]]);
  });

  test('S6 a restart of the program keeps the size of the buffer, S4 a lost power does not', () => {
    const sending = small();
    sending.handle({ type: 'growSendBuffer', bytes: 5_000 }, true, 0);
    sending.handle(send(1, RETURN_ON_ERROR, 100, WAIT_FOR_ACK), true, 0);
    sending.handle({ type: 'restart' }, true, 0);
    expect([sending.buffer.capacityBytes, sending.buffer.usedBytes]).toEqual([5_000, 100]);
    sending.onGone(LOST, 0);
    expect(codes(sending)).toEqual([]);
    sending.onPowerOff();
    expect(sending.buffer.capacityBytes).toBe(200);
  });

  test('S23 a flush waits for the messages before it, those that wait for room included', () => {
    const sending = small();
    sending.handle(send(1, RETURN_ON_ERROR, 100), true, 0);
    sending.handle(send(2, RETURN_ON_ERROR, 300), true, 0);
    sending.handle({ type: 'flush', id: 3, timeoutMs: 1_000 }, true, 0);
    sending.handle({ type: 'flush', id: 4, timeoutMs: 1_000 }, false, 0);
    expect(sending.callers.takeDone()).toEqual([
      { type: 'sendDone', id: 1, code: 0 },
      { type: 'flushDone', id: 4, isClear: false },
    ]);
    expect(sending.outgoing.onServerAck(1)).toBe(true);
    expect(sending.callers.takeDone()).toEqual([]);
    sending.outgoing.nextWrite();
    sending.outgoing.onTook();
    sending.outgoing.onServerAck(2);
    expect(sending.callers.takeDone()).toEqual([
      { type: 'sendDone', id: 2, code: 0 },
      { type: 'flushDone', id: 3, isClear: true },
    ]);
  });
});
