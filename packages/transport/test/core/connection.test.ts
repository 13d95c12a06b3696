// How a connection begins, stays and ends. What happens to messages is in connection-sends.test.ts.

import { CLOSE_CODE, type Frame, REFUSE_CODE } from '@holdfast/protocol/core';
import { describe, expect, test } from 'vitest';
import { CONNECT_REASON, type ConnectionOptions, NOT_CONNECTED } from '../../src/core/index.js';
import { bytesOf, framesIn, HELLO, ofType, Rig, WELCOME } from '../rig.js';

const MESSAGE: Frame = { type: 'message', name: 'n', data: new Uint8Array(1) };
const ROLES = ['dialing', 'accepting'] as const;

/** A device whose link has just opened and taken the hello. */
function greeting(options: Partial<ConnectionOptions> = {}): Rig {
  const rig = new Rig(options);
  rig.feed({ type: 'connect', timeoutMs: 60_000 });
  rig.feed({ type: 'linkOpened' });
  rig.takeAll();
  rig.outputs.length = 0;
  return rig;
}

function accepted(): Rig {
  const rig = new Rig({ role: 'accepting' });
  rig.feed({ type: 'accept' });
  return rig;
}

describe('a device that connects', () => {
  test('dials, says hello, and is connected by the welcome', () => {
    const rig = new Rig({ token: 's3cret' });
    expect(rig.feed({ type: 'connect', timeoutMs: 60_000 })).toEqual([{ type: 'dial' }]);
    expect(rig.core.state).toBe('dialing');
    rig.feed({ type: 'linkOpened' });
    expect(rig.core.state).toBe('handshaking');
    rig.takeAll();
    expect(rig.sentFrames).toEqual([{ ...HELLO, token: 's3cret' }]);
    expect(rig.receive(WELCOME)).toEqual([
      { type: 'connected' },
      { type: 'connectDone', reason: CONNECT_REASON.connected, detail: 'connected' },
    ]);
    expect(rig.core.state).toBe('connected');
  });

  test('gets its hello out whatever the size of the send buffer', () => {
    const token = 't'.repeat(2_048);
    const rig = greeting({ token, sendBufferBytes: 64 });
    expect(rig.sentFrames).toEqual([{ ...HELLO, token }]);
  });

  test('is connected by a welcome that comes in single bytes', () => {
    const rig = greeting();
    for (const byte of bytesOf(WELCOME)) rig.feed({ type: 'linkReceived', bytes: Uint8Array.of(byte) });
    expect(rig.core.state).toBe('connected');
  });

  test('takes part in the attempt under way when it asks again', () => {
    const rig = new Rig();
    rig.feed({ type: 'connect', timeoutMs: 60_000 });
    expect(rig.feed({ type: 'connect', timeoutMs: 60_000 })).toEqual([]);
    rig.feed({ type: 'linkOpened' });
    expect(rig.feed({ type: 'connect', timeoutMs: 60_000 })).toEqual([]);
  });

  test('hears at once that it is connected already', () => {
    const done = { type: 'connectDone', reason: CONNECT_REASON.connected, detail: 'already connected' };
    expect(Rig.connected().feed({ type: 'connect', timeoutMs: 60_000 })).toEqual([done]);
  });

  test('S30 passes on why its link could not be opened', () => {
    const rig = new Rig();
    rig.feed({ type: 'connect', timeoutMs: 60_000 });
    expect(rig.feed({ type: 'linkFailed', reason: CONNECT_REASON.notResolved, detail: 'no such name' })).toEqual([
      { type: 'ended', cause: { kind: 'linkLost', detail: 'no such name' } },
      { type: 'connectDone', reason: CONNECT_REASON.notResolved, detail: 'no such name' },
      { type: 'idle' },
    ]);
  });

  test('S29 gives up when its time is over before the link is open', () => {
    const rig = new Rig();
    rig.feed({ type: 'connect', timeoutMs: 60_000 });
    rig.pass(59_999);
    expect(rig.core.state).toBe('dialing');
    rig.pass(1);
    expect(rig.core.state).toBe('idle');
    expect(ofType(rig.outputs, 'linkClose')).toEqual([{ type: 'linkClose', atOnce: true }]);
    expect(ofType(rig.outputs, 'ended')[0]?.cause.kind).toBe('handshakeTimeout');
    expect(ofType(rig.outputs, 'connectDone')[0]?.reason).toBe(CONNECT_REASON.noServer);
  });

  test('waits for the welcome as long as the handshake may take, and not beyond the attempt', () => {
    const rig = greeting();
    rig.pass(9_999);
    expect(rig.core.state).toBe('handshaking');
    rig.pass(1);
    expect(ofType(rig.outputs, 'ended')[0]?.cause.kind).toBe('handshakeTimeout');

    const late = new Rig();
    late.feed({ type: 'connect', timeoutMs: 60_000 });
    late.pass(55_000);
    late.feed({ type: 'linkOpened' });
    late.pass(5_000);
    expect(late.core.state).toBe('idle');
  });

  test('passes a refusal on and lets the link go', () => {
    const rig = greeting();
    const versions = { versionMin: 1, versionMax: 1 };
    const outputs = rig.receive({
      type: 'refuse',
      code: REFUSE_CODE.unauthorised,
      retryAfterMs: 7_000,
      ...versions,
      reason: 'unknown device',
    });
    const detail = 'the server refused this device: unknown device';
    expect(outputs).toEqual([
      { type: 'linkClose', atOnce: false },
      { type: 'ended', cause: { kind: 'refused', detail, code: REFUSE_CODE.unauthorised, retryAfterMs: 7_000 } },
      { type: 'connectDone', reason: CONNECT_REASON.notAuthorised, detail },
      { type: 'idle' },
    ]);
  });

  test.each([MESSAGE, HELLO, { type: 'serverAck', count: 0 } as const])(
    'closes the link with a reason when a $type frame comes in place of the welcome',
    (frame) => {
      const rig = greeting();
      rig.receive(frame);
      expect(rig.core.state).toBe('closing');
      expect(ofType(rig.outputs, 'connectDone')[0]?.reason).toBe(CONNECT_REASON.noServer);
      rig.takeAll();
      expect(rig.sentFrames.at(-1)).toMatchObject({ type: 'close', code: CLOSE_CODE.protocolError });
      expect(rig.core.state).toBe('idle');
    },
  );

  test('does not take more bytes before the welcome than a handshake has', () => {
    const rig = greeting();
    rig.feed({ type: 'linkReceived', bytes: Uint8Array.of(0, 0, 16, 1) });
    expect(ofType(rig.outputs, 'ended')[0]?.cause.detail).toContain('FRAME_TOO_LARGE');
  });

  test('gives the attempt up when told to, while dialing and while greeting', () => {
    const rig = new Rig();
    rig.feed({ type: 'connect', timeoutMs: 60_000 });
    rig.outputs.length = 0;
    expect(rig.feed({ type: 'disconnect', code: 0, reason: 'enough' })).toEqual([
      { type: 'linkClose', atOnce: true },
      { type: 'ended', cause: { kind: 'asked', detail: 'enough', code: 0 } },
      { type: 'connectDone', reason: CONNECT_REASON.notConnected, detail: 'enough' },
      { type: 'idle' },
    ]);

    const later = greeting();
    later.feed({ type: 'disconnect', code: 0, reason: 'enough' });
    expect(ofType(later.outputs, 'connectDone')[0]?.reason).toBe(CONNECT_REASON.notConnected);
  });

  test('begins anew after every end, with nothing left of the connection before', () => {
    const rig = Rig.connected();
    rig.send({ dataBytes: 5_000 });
    rig.receive(MESSAGE);
    rig.feed({ type: 'linkClosed', detail: 'gone' });
    rig.taken.length = 0;
    rig.feed({ type: 'connect', timeoutMs: 60_000 });
    rig.feed({ type: 'linkOpened' });
    rig.receive(WELCOME);
    rig.receive(MESSAGE);
    rig.takeAll();
    expect(rig.sentFrames).toEqual([HELLO, { type: 'serverAck', count: 1 }]);
  });
});

describe('a server that accepts', () => {
  test('asks whether the device may come in, and welcomes it', () => {
    const rig = accepted();
    const outputs = rig.receive({ ...HELLO, token: 's3cret' } as Frame);
    expect(outputs).toEqual([{ type: 'hello', deviceId: 'press-7', token: 's3cret' }]);
    expect(rig.feed({ type: 'admit' })[0]).toEqual({ type: 'connected' });
    rig.takeAll();
    expect(rig.sentFrames).toEqual([WELCOME]);
  });

  test('admits nobody who has not said hello', () => {
    const rig = accepted();
    expect(rig.feed({ type: 'admit' })).toEqual([]);
    expect(rig.core.state).toBe('handshaking');
  });

  test('keeps a device out with the code, the reason and its wish', () => {
    const rig = accepted();
    rig.receive(HELLO);
    rig.feed({ type: 'refuse', code: REFUSE_CODE.overloaded, reason: 'too many devices', retryAfterMs: 9_000 });
    rig.takeAll();
    expect(rig.sentFrames).toMatchObject([
      { type: 'refuse', code: REFUSE_CODE.overloaded, reason: 'too many devices', retryAfterMs: 9_000 },
    ]);
    expect(ofType(rig.outputs, 'linkClose')).toEqual([{ type: 'linkClose', atOnce: false }]);
    expect(ofType(rig.outputs, 'connectDone')).toEqual([]);
    expect(ofType(rig.outputs, 'ended')).toHaveLength(1);
    expect(rig.core.state).toBe('idle');
  });

  test('refuses a version that it does not speak without asking anybody', () => {
    const rig = accepted();
    const hello = bytesOf(HELLO);
    hello[9] = 2;
    rig.feed({ type: 'linkReceived', bytes: hello });
    rig.takeAll();
    expect(rig.sentFrames).toMatchObject([{ type: 'refuse', code: REFUSE_CODE.versionUnsupported, versionMax: 1 }]);
    expect(ofType(rig.outputs, 'hello')).toEqual([]);
  });

  test.each([
    ['another frame comes first', [MESSAGE]],
    ['a second hello comes', [HELLO, HELLO]],
    ['a message comes before the welcome', [HELLO, MESSAGE]],
  ] as const)('closes the link when %s', (_, frames) => {
    const rig = accepted();
    rig.receive(...frames);
    rig.takeAll();
    expect(rig.sentFrames).toMatchObject([{ type: 'close', code: CLOSE_CODE.protocolError }]);
    expect(ofType(rig.outputs, 'ended')[0]?.cause.kind).toBe('protocolError');
    expect(rig.feed({ type: 'admit' })).toEqual([]);
  });

  test('does not wait for a hello, or for its own owner, beyond the handshake timeout', () => {
    for (const frames of [[], [HELLO]]) {
      const rig = accepted();
      if (frames.length > 0) rig.receive(...frames);
      rig.pass(9_999);
      expect(rig.core.state).toBe('handshaking');
      rig.pass(1);
      expect(rig.core.state).toBe('idle');
    }
  });
});

describe.each(ROLES)('a %s end that is connected', (role) => {
  const connected = () => Rig.connected({ role });

  test('S31 pings after 60 s of silence and takes the link for dead after 105 s', () => {
    const rig = connected();
    rig.pass(60_000);
    rig.takeAll();
    expect(rig.sentFrames).toEqual([{ type: 'ping', nonce: 1 }]);
    rig.pass(44_999);
    expect(rig.core.state).toBe('connected');
    rig.pass(1);
    expect(rig.core.state).toBe('idle');
    expect(ofType(rig.outputs, 'linkClose')).toEqual([{ type: 'linkClose', atOnce: true }]);
    expect(ofType(rig.outputs, 'disconnected')[0]?.cause.kind).toBe('keepaliveTimeout');
  });

  test('takes any bytes for a sign of life, even half a frame', () => {
    const rig = connected();
    rig.pass(104_999);
    rig.feed({ type: 'linkReceived', bytes: Uint8Array.of(0) });
    rig.pass(59_999);
    expect(rig.core.state).toBe('connected');
    rig.takeAll();
    expect(rig.sentFrames).toHaveLength(1);
  });

  test('answers a ping with a pong of the same nonce', () => {
    const rig = connected();
    rig.receive({ type: 'ping', nonce: 77 });
    rig.takeAll();
    expect(rig.sentFrames).toEqual([{ type: 'pong', nonce: 77 }]);
    expect(rig.receive({ type: 'pong', nonce: 5 })).toEqual([]);
  });

  test('sends its last bytes, then a close frame, then closes the link', () => {
    const rig = connected();
    rig.send({ dataBytes: 3_000 });
    rig.feed({ type: 'disconnect', code: CLOSE_CODE.shuttingDown, reason: 'update' });
    expect(rig.core.state).toBe('closing');
    expect(ofType(rig.outputs, 'disconnected')[0]?.cause).toEqual({
      kind: 'asked',
      detail: 'update',
      code: CLOSE_CODE.shuttingDown,
    });
    expect(ofType(rig.outputs, 'linkClose')).toEqual([]);
    rig.takeAll();
    expect(rig.sentFrames.map(({ type }) => type)).toEqual(['message', 'close']);
    expect(rig.outputs.slice(-2)).toEqual([{ type: 'linkClose', atOnce: false }, { type: 'idle' }]);
  });

  test('takes nothing new while it closes, and hears nothing', () => {
    const rig = connected();
    rig.send({ dataBytes: 100 });
    rig.feed({ type: 'disconnect', code: 0, reason: 'bye' });
    rig.outputs.length = 0;
    expect(rig.receive(MESSAGE, { type: 'ping', nonce: 1 })).toEqual([]);
    expect(rig.codeOf(rig.send())).toBe(NOT_CONNECTED);
    expect(
      rig.feed({
        type: 'sendChannelFrame',
        bytes: bytesOf({ type: 'open', epoch: '0'.repeat(16), lanes: [{ lane: '', floor: 1 }] }),
      }),
    ).toEqual([]);
    rig.takeAll();
    expect(rig.sentFrames.at(-1)?.type).toBe('close');
  });

  test('does not wait for a link that takes nothing when it closes', () => {
    const rig = connected();
    rig.send();
    rig.feed({ type: 'disconnect', code: 0, reason: 'bye' });
    rig.pass(999);
    expect(rig.core.state).toBe('closing');
    rig.pass(1);
    expect(rig.outputs.slice(-2)).toEqual([{ type: 'linkClose', atOnce: true }, { type: 'idle' }]);
    expect(ofType(rig.outputs, 'disconnected')).toHaveLength(1);
    expect(rig.core.nextTimeoutMs()).toBeUndefined();
  });

  test('tells of its end once when the link goes while it closes', () => {
    const rig = connected();
    rig.feed({ type: 'disconnect', code: 0, reason: 'bye' });
    rig.feed({ type: 'linkClosed', detail: 'gone' });
    expect(ofType(rig.outputs, 'disconnected')).toHaveLength(1);
    expect(rig.core.state).toBe('idle');
  });

  test('hears why the other end closes, and keeps what came before', () => {
    const rig = connected();
    const outputs = rig.receive(
      MESSAGE,
      { type: 'close', code: CLOSE_CODE.replaced, reason: 'another device' },
      MESSAGE,
    );
    expect(outputs).toEqual([
      { type: 'message', name: 'n', data: new Uint8Array(1) },
      { type: 'linkClose', atOnce: false },
      { type: 'disconnected', cause: { kind: 'closedByPeer', detail: 'another device', code: CLOSE_CODE.replaced } },
      { type: 'idle' },
    ]);
  });

  test('closes the connection for bytes that break the protocol, and says why', () => {
    const rig = connected();
    rig.feed({ type: 'linkReceived', bytes: Uint8Array.of(0, 0, 0, 1, 0x7f) });
    rig.takeAll();
    expect(rig.sentFrames).toEqual([
      { type: 'close', code: CLOSE_CODE.protocolError, reason: 'FRAME_UNKNOWN_TYPE: frame type 0x7f is unknown' },
    ]);
    expect(ofType(rig.outputs, 'disconnected')[0]?.cause.kind).toBe('protocolError');
  });

  test('takes the other end for guilty when its owner closes with that code', () => {
    const rig = connected();
    rig.feed({ type: 'disconnect', code: CLOSE_CODE.protocolError, reason: 'bad data' });
    expect(ofType(rig.outputs, 'disconnected')[0]?.cause.kind).toBe('protocolError');
  });

  test('notices a lost link', () => {
    const outputs = connected().feed({ type: 'linkClosed', detail: 'reset' });
    expect(outputs).toEqual([{ type: 'disconnected', cause: { kind: 'linkLost', detail: 'reset' } }, { type: 'idle' }]);
  });

  test('does not care for late word of links that are gone', () => {
    const rig = connected();
    rig.feed({ type: 'linkClosed', detail: 'reset' });
    const late = [
      rig.feed({ type: 'linkClosed', detail: 'reset' }),
      rig.feed({ type: 'linkTook' }),
      rig.feed({ type: 'linkFailed', reason: CONNECT_REASON.noServer, detail: 'late' }),
      rig.feed({ type: 'linkOpened' }),
      rig.feed({ type: 'disconnect', code: 0, reason: 'late' }),
      rig.receive(MESSAGE),
      rig.feed({ type: 'timeout' }),
    ];
    expect(late.flat()).toEqual([]);
  });

  test('is not ended by a failed dial of an earlier attempt', () => {
    const rig = connected();
    expect(rig.feed({ type: 'linkFailed', reason: CONNECT_REASON.noServer, detail: 'late' })).toEqual([]);
    expect(rig.core.state).toBe('connected');
  });
});

describe('a device that connects while it closes', () => {
  function closing(): Rig {
    const rig = Rig.connected();
    rig.send();
    rig.feed({ type: 'disconnect', code: 0, reason: 'bye' });
    rig.outputs.length = 0;
    expect(rig.feed({ type: 'connect', timeoutMs: 5_000 })).toEqual([]);
    return rig;
  }

  test('dials when the last bytes have left', () => {
    const rig = closing();
    rig.takeAll();
    expect(framesIn(rig.taken.at(-1) as Uint8Array).frames.at(-1)?.type).toBe('close');
    expect(rig.outputs.slice(-2)).toEqual([{ type: 'idle' }, { type: 'dial' }]);
    rig.pass(5_000);
    expect(ofType(rig.outputs, 'connectDone')[0]?.reason).toBe(CONNECT_REASON.noServer);
  });

  test('dials when the link is lost on the way', () => {
    const rig = closing();
    rig.feed({ type: 'linkClosed', detail: 'gone' });
    expect(rig.core.state).toBe('dialing');
  });

  test('gets its answer when it thinks better of it', () => {
    const rig = closing();
    rig.feed({ type: 'disconnect', code: 0, reason: 'bye again' });
    expect(ofType(rig.outputs, 'connectDone')).toEqual([
      { type: 'connectDone', reason: CONNECT_REASON.notConnected, detail: 'bye again' },
    ]);
    rig.takeAll();
    expect(rig.core.state).toBe('idle');
  });
});
