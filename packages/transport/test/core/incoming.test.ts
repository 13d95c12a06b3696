import { type Frame, HANDSHAKE_FRAME_MAX_BYTES } from '@holdfast/protocol/core';
import { describe, expect, test } from 'vitest';
import { Incoming, type IncomingStep } from '../../src/core/index.js';
import { bytesOf, HELLO, OPTIONS, WELCOME } from '../rig.js';

const MESSAGE: Frame = { type: 'message', name: 'n', data: new Uint8Array(1) };

function steps(incoming: Incoming, bytes: Uint8Array): IncomingStep[] {
  incoming.push(bytes);
  const all: IncomingStep[] = [];
  for (let step = incoming.next(); step !== undefined; step = incoming.next()) {
    all.push(step);
    if (step.type === 'over' || step.type === 'wrong') break;
  }
  return all;
}

function connected(): Incoming {
  const incoming = new Incoming(OPTIONS);
  steps(incoming, bytesOf(WELCOME));
  incoming.onConnected();
  return incoming;
}

describe('Incoming', () => {
  test('speaks only the handshake until it is connected', () => {
    expect(steps(new Incoming(OPTIONS), bytesOf(MESSAGE))).toMatchObject([{ type: 'wrong' }]);
    expect(steps(connected(), bytesOf(MESSAGE))).toEqual([{ type: 'tell', output: MESSAGE }]);
  });

  test('lets strangers have small frames only', () => {
    const large: Frame = { type: 'message', name: 'n', data: new Uint8Array(HANDSHAKE_FRAME_MAX_BYTES) };
    expect(steps(new Incoming(OPTIONS), bytesOf(large))).toMatchObject([
      { type: 'wrong', error: { code: 'FRAME_TOO_LARGE' } },
    ]);
    expect(steps(connected(), bytesOf(large))).toMatchObject([{ type: 'tell' }]);
  });

  test('makes a step of every frame', () => {
    const channelFrame: Frame = { type: 'open', epoch: '0123456789abcdef', lanes: [{ lane: '', floor: 1 }] };
    const bytes = bytesOf(
      channelFrame,
      { type: 'serverAck', count: 3 },
      { type: 'ping', nonce: 7 },
      { type: 'pong', nonce: 8 },
      { type: 'close', code: 4, reason: 'bye' },
    );
    expect(steps(connected(), bytes)).toEqual([
      { type: 'tell', output: { type: 'channelFrame', frame: channelFrame } },
      { type: 'acknowledged', count: 3 },
      { type: 'say', frame: { type: 'pong', nonce: 7 } },
      { type: 'nothing' },
      { type: 'over', cause: { kind: 'closedByPeer', detail: 'bye', code: 4 } },
    ]);
  });

  test.each([HELLO, WELCOME])('finds a $type wrong behind the handshake', (frame) => {
    expect(steps(connected(), bytesOf(frame))).toMatchObject([{ type: 'wrong', error: { code: 'FRAME_UNEXPECTED' } }]);
  });

  test('owes one server ack for all messages since the last one', () => {
    const incoming = connected();
    expect(incoming.takeServerAck()).toBeUndefined();
    steps(incoming, bytesOf(MESSAGE, MESSAGE));
    expect(incoming.takeServerAck()).toEqual({ type: 'serverAck', count: 2 });
    expect(incoming.takeServerAck()).toBeUndefined();
    steps(incoming, bytesOf(MESSAGE));
    expect(incoming.takeServerAck()).toEqual({ type: 'serverAck', count: 3 });
  });
});
