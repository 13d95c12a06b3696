import { CLOSE_CODE, type Frame, REFUSE_CODE } from '@holdfast/protocol/core';
import { createVirtualRuntime } from '@holdfast/simulator';
import { describe, expect, test } from 'vitest';
import { AcceptedConnection, type AcceptedConnectionEvents, NOT_CONNECTED, type Pipe, SEND_OK } from '../src/index.js';
import { bytesOf, concat, framesIn, HELLO, WELCOME } from './rig.js';
import { uncaughtDuring } from './uncaught.js';

const MESSAGE: Frame = { type: 'message', name: 'n', data: Uint8Array.of(7) };

/** An accepted connection whose pipe takes everything at once. */
function accept(events: Partial<AcceptedConnectionEvents> = {}) {
  const runtime = createVirtualRuntime({ seed: 1 });
  const heard: unknown[] = [];
  const written: Uint8Array[] = [];
  const connection = new AcceptedConnection(
    { runtime, writeMaxBytes: 1_000 },
    {
      hello: (deviceId, token) => heard.push(['hello', deviceId, token]),
      message: (name, data) => heard.push(['message', name, data]),
      ended: ({ kind }) => heard.push(['ended', kind]),
      ...events,
    },
  );
  const pipe: Pipe = {
    peer: '192.0.2.1:5',
    write: (bytes, onTaken) => {
      written.push(bytes.slice());
      onTaken();
    },
    end: () => heard.push('pipe end'),
    destroy: () => heard.push('pipe destroy'),
  };
  const tell = connection.pipeEvents;
  connection.begin(pipe);
  return {
    connection,
    runtime,
    heard,
    tell,
    receive: (...frames: Frame[]) => tell.received(bytesOf(...frames)),
    frames: () => framesIn(concat(written)).frames,
  };
}

describe('AcceptedConnection', () => {
  test('asks, lets the device in, and carries messages both ways', async () => {
    const { connection, heard, receive, frames } = accept();
    receive({ ...HELLO, token: 's3cret' } as Frame);
    expect(heard).toEqual([['hello', 'press-7', 's3cret']]);
    expect(await connection.send('early', 1, 1_000)).toBe(NOT_CONNECTED);
    connection.admit();
    receive(MESSAGE);
    expect(await connection.send('answer', 'ok', 1_000)).toBe(SEND_OK);
    expect(heard[1]).toEqual(['message', 'n', 7]);
    expect(frames()).toMatchObject([WELCOME, { type: 'serverAck', count: 1 }, { type: 'message', name: 'answer' }]);
    expect(connection.peer).toBe('192.0.2.1:5');
    expect(connection.carrier.isUp).toBe(true);
  });

  test('keeps a device out and says when it may come again', () => {
    const { connection, heard, receive, frames } = accept();
    receive(HELLO);
    connection.refuse(REFUSE_CODE.overloaded, 'too many devices', 5_000);
    expect(frames()).toMatchObject([{ type: 'refuse', code: 3, reason: 'too many devices', retryAfterMs: 5_000 }]);
    expect(heard.slice(1)).toEqual([['ended', 'refused'], 'pipe end']);
  });

  test('closes with a reason, and tells of the end once', () => {
    const { connection, heard, receive, frames, tell } = accept();
    receive(HELLO);
    connection.admit();
    connection.close(CLOSE_CODE.replaced, 'another connection');
    tell.closed('gone');
    expect(frames().at(-1)).toEqual({ type: 'close', code: CLOSE_CODE.replaced, reason: 'another connection' });
    expect(heard.slice(1)).toEqual([['ended', 'asked'], 'pipe end']);
  });

  test('gives up a stranger that says nothing', async () => {
    const { heard, runtime } = accept();
    await runtime.advance(10_000);
    expect(heard).toEqual(['pipe destroy', ['ended', 'handshakeTimeout']]);
    expect(runtime.pendingTimers).toBe(0);
  });

  test('knows no address before it has a pipe', () => {
    const runtime = createVirtualRuntime({ seed: 1 });
    const events = { hello: () => {}, message: () => {}, ended: () => {} };
    expect(new AcceptedConnection({ runtime, writeMaxBytes: 1_000 }, events).peer).toBe('nowhere');
  });

  test('goes on when its owner throws, and lets the error surface', async () => {
    const { connection, receive, frames, heard } = accept({
      message: () => {
        throw new Error('the owner broke');
      },
    });
    const errors = await uncaughtDuring(async () => {
      receive(HELLO);
      connection.admit();
      receive(MESSAGE, { type: 'ping', nonce: 3 });
    });
    expect(errors).toMatchObject([{ message: 'the owner broke' }]);
    expect(frames()).toContainEqual({ type: 'pong', nonce: 3 });
    expect(frames()).toContainEqual({ type: 'serverAck', count: 1 });
    expect(heard).toHaveLength(1);
  });
});
