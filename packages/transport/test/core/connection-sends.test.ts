// What happens to messages, and to those who send them. The numbers are those of impOS's checklist.

import type { Frame } from '@holdfast/protocol/core';
import { describe, expect, test } from 'vitest';
import { DISCONNECTED, NOT_CONNECTED, SEND_OK, TIMEOUT, WAIT_FOR_ACK, WAIT_TIL_SENT } from '../../src/core/index.js';
import { bytesOf, concat, framesIn, ofType, Rig } from '../rig.js';

/** A message of this much data takes 100 bytes of buffer. */
const DATA_BYTES = 100 - 7;

/** A connection with a send buffer for two such messages, which the link does not empty. */
const small = (): Rig => Rig.connected({ sendBufferBytes: 200, packetBytes: 50 });
const namesOf = (frames: readonly Frame[]): string[] =>
  frames.map((frame) => (frame.type === 'message' ? frame.name : frame.type));

describe('WAIT_TIL_SENT', () => {
  test('S11 resolves 0 when all bytes are in the buffer, though nothing has left', () => {
    const rig = small();
    const id = rig.send({ dataBytes: DATA_BYTES });
    expect(rig.codeOf(id)).toBe(SEND_OK);
    expect(rig.core.sendBuffer.usedBytes).toBe(100);
    expect(rig.taken).toEqual([]);
  });

  test('S7 blocks when the buffer is full and the link takes nothing', () => {
    const rig = small();
    rig.send({ dataBytes: DATA_BYTES });
    rig.send({ dataBytes: DATA_BYTES });
    const blocked = rig.send({ dataBytes: DATA_BYTES });
    rig.pass(29_999);
    expect(rig.codeOf(blocked)).toBeUndefined();
    expect(rig.core.sendBuffer).toMatchObject({ usedBytes: 200, freeBytes: 0 });
    expect(rig.core.waitingCount).toBe(1);
  });

  test('S7 lets the blocked caller in when the link takes bytes', () => {
    const rig = small();
    rig.send({ dataBytes: 200 - 7 });
    const blocked = rig.send({ dataBytes: DATA_BYTES });
    rig.take();
    expect(rig.codeOf(blocked)).toBe(SEND_OK);
  });

  test('S16 0 does not mean delivered: what is in the buffer is lost with the link', () => {
    const rig = small();
    const id = rig.send({ dataBytes: DATA_BYTES });
    rig.feed({ type: 'linkClosed', detail: 'gone' });
    expect(rig.codeOf(id)).toBe(SEND_OK);
    expect(rig.core.sendBuffer.usedBytes).toBe(0);
  });

  test('S8 a message larger than the buffer streams through it and blocks until its last byte is in', () => {
    const rig = small();
    const id = rig.send({ dataBytes: 993 });
    for (let taken = 200; taken < 1_000 - 200; taken += 200) {
      rig.take();
      expect(rig.codeOf(id)).toBeUndefined();
      expect(rig.core.sendBuffer.usedBytes).toBe(200);
    }
    rig.take();
    expect(rig.codeOf(id)).toBe(SEND_OK);
    rig.takeAll();
    expect(rig.sentFrames).toMatchObject([{ type: 'message', data: { length: 993 } }]);
  });

  test('S1 the order of calls is the order in the buffer, however many are blocked', () => {
    const rig = small();
    const names = Array.from({ length: 20 }, (_, index) => `m${index}`);
    for (const name of names) rig.send({ name, dataBytes: name === 'm3' ? 500 : 60 });
    rig.takeAll();
    expect(namesOf(rig.sentFrames)).toEqual(names);
  });

  test('S6 a grown buffer stays grown over a reconnect', () => {
    const rig = small();
    rig.feed({ type: 'growSendBuffer', bytes: 5_000 });
    rig.feed({ type: 'linkClosed', detail: 'gone' });
    expect(rig.core.sendBuffer.capacityBytes).toBe(5_000);
  });

  test('lets blocked callers in when the buffer grows', () => {
    const rig = small();
    rig.send({ dataBytes: 200 - 7 });
    const blocked = rig.send({ dataBytes: DATA_BYTES });
    const outputs = rig.feed({ type: 'growSendBuffer', bytes: 300 });
    expect(outputs).toEqual([{ type: 'writable' }, { type: 'sendDone', id: blocked, code: SEND_OK }]);
  });
});

describe('WAIT_FOR_ACK', () => {
  test('S12 resolves 0 when the server has acknowledged the message, not before', () => {
    const rig = small();
    const id = rig.send({ dataBytes: DATA_BYTES, waitFor: WAIT_FOR_ACK });
    rig.takeAll();
    expect(rig.codeOf(id)).toBeUndefined();
    rig.receive({ type: 'serverAck', count: 1 });
    expect(rig.codeOf(id)).toBe(SEND_OK);
    expect(rig.core.sendBuffer.usedBytes).toBe(0);
  });

  test('one ack answers every message that it counts, and an older one nothing', () => {
    const rig = small();
    const ids = Array.from({ length: 5 }, () => rig.send({ dataBytes: 20, waitFor: WAIT_FOR_ACK }));
    rig.receive({ type: 'serverAck', count: 3 });
    expect(ids.map((id) => rig.codeOf(id))).toEqual([0, 0, 0, undefined, undefined]);
    rig.receive({ type: 'serverAck', count: 1 }, { type: 'serverAck', count: 3 });
    expect(rig.codeOf(ids[3] as number)).toBeUndefined();
    rig.receive({ type: 'serverAck', count: 5 });
    expect(ids.map((id) => rig.codeOf(id))).toEqual([0, 0, 0, 0, 0]);
  });

  test('counts messages that nobody waits for, and no channel frames', () => {
    const rig = small();
    rig.send({ waitFor: WAIT_TIL_SENT });
    rig.feed({
      type: 'sendChannelFrame',
      bytes: bytesOf({ type: 'open', epoch: '0'.repeat(16), lanes: [{ lane: '', floor: 1 }] }),
    });
    const id = rig.send({ waitFor: WAIT_FOR_ACK });
    rig.receive({ type: 'serverAck', count: 1 });
    expect(rig.codeOf(id)).toBeUndefined();
    rig.receive({ type: 'serverAck', count: 2 });
    expect(rig.codeOf(id)).toBe(SEND_OK);
  });

  test('an ack for more than was sent is a protocol error, and no caller believes it', () => {
    const rig = small();
    const id = rig.send({ waitFor: WAIT_FOR_ACK });
    rig.receive({ type: 'serverAck', count: 2 });
    expect(rig.codeOf(id)).toBe(DISCONNECTED);
    expect(ofType(rig.outputs, 'disconnected')[0]?.cause).toMatchObject({ kind: 'protocolError' });
  });

  test('S13 waits as long as the policy of the call says, from the call on', () => {
    const rig = small();
    const patient = rig.send({ waitFor: WAIT_FOR_ACK, timeoutMs: 30_000 });
    const hasty = rig.send({ waitFor: WAIT_FOR_ACK, timeoutMs: 1_500 });
    rig.pass(1_499);
    expect([rig.codeOf(patient), rig.codeOf(hasty)]).toEqual([undefined, undefined]);
    rig.pass(1);
    expect([rig.codeOf(patient), rig.codeOf(hasty)]).toEqual([DISCONNECTED, TIMEOUT]);
  });
});

describe('send codes', () => {
  test.each([WAIT_TIL_SENT, WAIT_FOR_ACK] as const)('S15 NOT_CONNECTED when there is no connection: %s', (waitFor) => {
    const rig = new Rig();
    const codes = [rig.codeOf(rig.send({ waitFor }))];
    rig.feed({ type: 'connect', timeoutMs: 60_000 });
    codes.push(rig.codeOf(rig.send({ waitFor })));
    rig.feed({ type: 'linkOpened' });
    codes.push(rig.codeOf(rig.send({ waitFor, timeoutMs: 0 })));
    expect(codes).toEqual([NOT_CONNECTED, NOT_CONNECTED, NOT_CONNECTED]);
  });

  test('S14 TIMEOUT when there is no room in time, S19 and the connection is dropped', () => {
    const rig = small();
    const sent = rig.send({ dataBytes: 200 - 7 });
    const blocked = rig.send({ dataBytes: 1 });
    rig.pass(30_000);
    expect([rig.codeOf(sent), rig.codeOf(blocked)]).toEqual([SEND_OK, TIMEOUT]);
    expect(rig.core.state).toBe('idle');
    expect(ofType(rig.outputs, 'linkClose')).toEqual([{ type: 'linkClose', atOnce: true }]);
    expect(ofType(rig.outputs, 'disconnected')[0]?.cause.kind).toBe('sendTimeout');
  });

  test('S14 TIMEOUT when the ack does not come in time, S22 though the message may have arrived', () => {
    const rig = small();
    const id = rig.send({ waitFor: WAIT_FOR_ACK });
    rig.takeAll();
    rig.pass(30_000);
    expect(rig.codeOf(id)).toBe(TIMEOUT);
    expect(rig.core.state).toBe('idle');
    expect(rig.sentFrames).toHaveLength(1);
  });

  test('S13 a timeout of 0 does not wait: 0 when there is room, else TIMEOUT', () => {
    const rig = small();
    expect(rig.codeOf(rig.send({ dataBytes: DATA_BYTES, timeoutMs: 0 }))).toBe(SEND_OK);
    expect(rig.core.state).toBe('connected');
    expect(rig.codeOf(rig.send({ dataBytes: 200, timeoutMs: 0 }))).toBe(TIMEOUT);
    expect(rig.core.state).toBe('idle');

    const asking = small();
    expect(asking.codeOf(asking.send({ waitFor: WAIT_FOR_ACK, timeoutMs: 0 }))).toBe(TIMEOUT);
  });

  test('S15 DISCONNECTED when the link is lost during the send', () => {
    const rig = small();
    const ids = [
      rig.send({ dataBytes: DATA_BYTES, waitFor: WAIT_FOR_ACK }),
      rig.send({ dataBytes: 500 }),
      rig.send({ dataBytes: 10, waitFor: WAIT_FOR_ACK }),
    ];
    rig.feed({ type: 'linkClosed', detail: 'gone' });
    expect(ids.map((id) => rig.codeOf(id))).toEqual([DISCONNECTED, DISCONNECTED, DISCONNECTED]);
  });

  test('S15 DISCONNECTED when the program disconnects during the send', () => {
    const rig = small();
    const ids = [rig.send({ dataBytes: DATA_BYTES, waitFor: WAIT_FOR_ACK }), rig.send({ dataBytes: 500 })];
    rig.feed({ type: 'disconnect', code: 0, reason: 'bye' });
    expect(ids.map((id) => rig.codeOf(id))).toEqual([DISCONNECTED, DISCONNECTED]);
    rig.pass(60_000);
    rig.feed({ type: 'linkClosed', detail: 'gone' });
    expect(ids.map((id) => rig.codeOf(id))).toEqual([DISCONNECTED, DISCONNECTED]);
  });

  test('S15 DISCONNECTED when the keepalive finds the link dead, before a patient caller times out', () => {
    const rig = small();
    const id = rig.send({ waitFor: WAIT_FOR_ACK, timeoutMs: 3_600_000 });
    rig.pass(105_000);
    expect(rig.codeOf(id)).toBe(DISCONNECTED);
  });
});

describe('half-written messages', () => {
  test('S21 the bytes of a message that timed out halfway are never completed', () => {
    const rig = small();
    rig.send({ dataBytes: DATA_BYTES });
    const half = rig.send({ dataBytes: 500 });
    rig.take();
    rig.take();
    rig.pass(30_000);
    expect(rig.codeOf(half)).toBe(TIMEOUT);
    expect(rig.feed({ type: 'linkTook' })).toEqual([]);
    const { frames, restBytes } = framesIn(concat(rig.taken));
    expect(frames).toHaveLength(1);
    expect(restBytes).toBeGreaterThan(0);
  });

  test('S21 closing in the middle of a message cuts the stream there, without a close frame', () => {
    const rig = small();
    rig.send({ dataBytes: 500 });
    rig.feed({ type: 'disconnect', code: 0, reason: 'bye' });
    rig.takeAll();
    expect(framesIn(concat(rig.taken))).toEqual({ frames: [], restBytes: 200 });
    expect(rig.outputs.slice(-2)).toEqual([{ type: 'linkClose', atOnce: false }, { type: 'idle' }]);
  });

  test('S21 half a message that came is not handed on when its connection ends', () => {
    const rig = small();
    const bytes = bytesOf({ type: 'message', name: 'half', data: new Uint8Array(100) });
    rig.feed({ type: 'linkReceived', bytes: bytes.subarray(0, 60) });
    rig.feed({ type: 'linkClosed', detail: 'gone' });
    rig.feed({ type: 'linkReceived', bytes: bytes.subarray(60) });
    expect(ofType(rig.outputs, 'message')).toEqual([]);
  });
});

describe('frames that come and go', () => {
  test('all messages of one piece get one server ack', () => {
    const rig = small();
    const message: Frame = { type: 'message', name: 'n', data: new Uint8Array(1) };
    rig.receive(message, message, message);
    rig.takeAll();
    rig.receive(message);
    rig.takeAll();
    expect(rig.sentFrames).toEqual([
      { type: 'serverAck', count: 3 },
      { type: 'serverAck', count: 4 },
    ]);
  });

  test('S17 a message is acknowledged when it is received, whatever becomes of it', () => {
    const rig = Rig.connected({ role: 'accepting' });
    rig.receive({ type: 'message', name: 'nobody listens', data: new Uint8Array(1) });
    rig.takeAll();
    expect(rig.sentFrames).toEqual([{ type: 'serverAck', count: 1 }]);
  });

  test('acks and pongs pass callers that wait, and never cut into a message', () => {
    const rig = small();
    rig.send({ name: 'a', dataBytes: 500 });
    rig.send({ name: 'b', dataBytes: 500 });
    rig.receive({ type: 'ping', nonce: 1 }, { type: 'message', name: 'n', data: new Uint8Array(1) });
    rig.takeAll();
    expect(namesOf(rig.sentFrames)).toEqual(['a', 'pong', 'serverAck', 'b']);
  });

  test('a channel hears when there is room and nobody waits for it', () => {
    const rig = small();
    rig.send({ dataBytes: 300 });
    rig.take();
    expect(ofType(rig.outputs, 'writable')).toHaveLength(1);
    rig.outputs.length = 0;
    rig.send({ dataBytes: 300 });
    rig.send({ dataBytes: 300 });
    rig.take();
    expect(ofType(rig.outputs, 'writable')).toEqual([]);
    rig.takeAll();
    expect(ofType(rig.outputs, 'writable').length).toBeGreaterThan(0);
  });

  test('channel frames keep their place among the messages', () => {
    const rig = small();
    rig.send({ name: 'a', dataBytes: 300 });
    rig.feed({
      type: 'sendChannelFrame',
      bytes: bytesOf({ type: 'open', epoch: '0'.repeat(16), lanes: [{ lane: '', floor: 1 }] }),
    });
    rig.send({ name: 'b' });
    rig.takeAll();
    expect(namesOf(rig.sentFrames)).toEqual(['a', 'open', 'b']);
  });
});
