import type { HoldfastError } from '@holdfast/protocol';
import type { Frame } from '@holdfast/protocol/core';
import { createVirtualRuntime, type VirtualRuntime } from '@holdfast/simulator';
import { describe, expect, test } from 'vitest';
import { ConnectionHost, type HostEvent, SENDS_MAX } from '../src/connection-host.js';
import {
  DISCONNECTED,
  NOT_CONNECTED,
  RETURN_ON_ERROR,
  SEND_OK,
  type SendCode,
  type SendPolicy,
  TIMEOUT,
  WAIT_TIL_SENT,
} from '../src/core/index.js';
import type { FrameCarrierEvents } from '../src/frame-carrier.js';
import type { Pipe, PipeEvents } from '../src/link.js';
import { bytesOf, concat, framesIn, OPTIONS, WELCOME } from './rig.js';
import { uncaughtDuring } from './uncaught.js';

const POLICY: SendPolicy = { onError: RETURN_ON_ERROR, waitFor: WAIT_TIL_SENT, timeoutMs: 30_000 };

const OPEN: Frame = { type: 'open', epoch: '0'.repeat(16), lanes: [{ lane: '', floor: 1 }] };

/** A pipe that takes what it is handed when the test says so. */
class TestPipe implements Pipe {
  readonly peer = 'test';
  readonly written: Uint8Array[] = [];
  closed: 'end' | 'destroy' | undefined;
  #onTaken: (() => void) | undefined;

  write(bytes: Uint8Array, onTaken: () => void): void {
    this.written.push(bytes.slice());
    this.#onTaken = onTaken;
  }

  take(): void {
    const onTaken = this.#onTaken;
    this.#onTaken = undefined;
    onTaken?.();
  }

  takeAll(): void {
    while (this.#onTaken !== undefined) this.take();
  }

  end(): void {
    this.closed = 'end';
  }

  destroy(): void {
    this.closed = 'destroy';
  }

  get frames(): Frame[] {
    return framesIn(concat(this.written)).frames;
  }
}

class Bench {
  readonly runtime: VirtualRuntime = createVirtualRuntime({ seed: 1 });
  readonly events: HostEvent[] = [];
  readonly messages: unknown[] = [];
  readonly host: ConnectionHost;
  pipe = new TestPipe();
  tell: PipeEvents = { received: () => {}, closed: () => {} };
  onEvent: (event: HostEvent) => void = () => {};
  abandoned = 0;

  constructor() {
    this.host = new ConnectionHost({ ...OPTIONS, sendBufferBytes: 200 }, this.runtime, {
      event: (event) => {
        this.events.push(event);
        this.onEvent(event);
      },
      message: (_, data) => this.messages.push(data),
      abandonDial: () => {
        this.abandoned += 1;
      },
    });
  }

  static connected(): Bench {
    const bench = new Bench();
    bench.open();
    bench.receive(WELCOME);
    return bench;
  }

  open(): void {
    this.pipe = new TestPipe();
    this.host.feed({ type: 'connect', timeoutMs: 60_000 });
    const prepared = this.host.preparePipe();
    this.tell = prepared.events;
    prepared.take(this.pipe, { type: 'linkOpened' });
    this.pipe.takeAll();
  }

  receive(...frames: Frame[]): void {
    this.tell.received(bytesOf(...frames));
  }

  send(data: unknown = 1): { readonly code: () => SendCode | undefined; readonly promise: Promise<SendCode> } {
    let code: SendCode | undefined;
    const promise = this.host.send('n', data, POLICY);
    void promise.then((result) => {
      code = result;
    });
    return { code: () => code, promise };
  }
}

/** A channel that writes down what it hears. */
function listener(): { readonly heard: string[]; readonly events: FrameCarrierEvents } {
  const heard: string[] = [];
  return {
    heard,
    events: {
      up: () => heard.push('up'),
      down: () => heard.push('down'),
      writable: () => heard.push('writable'),
      frame: (frame) => heard.push(frame.type),
    },
  };
}

describe('ConnectionHost with a pipe', () => {
  test('does not lose what a pipe tells before it is taken', () => {
    const bench = new Bench();
    bench.host.feed({ type: 'connect', timeoutMs: 60_000 });
    const prepared = bench.host.preparePipe();
    prepared.events.received(bytesOf({ type: 'close', code: 4, reason: 'full' }));
    prepared.events.closed('gone');
    prepared.take(bench.pipe, { type: 'linkOpened' });
    expect(bench.events.map(({ type }) => type)).toEqual(['dial', 'ended', 'connectDone', 'idle']);
  });

  test('hears nothing of a pipe that another one has replaced', async () => {
    const bench = Bench.connected();
    const { tell, pipe } = bench;
    bench.send();
    bench.tell.closed('gone');
    bench.open();
    bench.receive(WELCOME);
    const { code } = bench.send('x'.repeat(500));
    const before = bench.host.sendBuffer.usedBytes;
    tell.received(bytesOf(OPEN));
    tell.closed('gone again');
    pipe.take();
    expect(bench.host.sendBuffer.usedBytes).toBe(before);
    expect(bench.host.isUp).toBe(true);
    await bench.runtime.advance(0);
    expect(code()).toBeUndefined();
  });

  test('S7 keeps bytes and blocks callers while the pipe takes nothing', async () => {
    const bench = Bench.connected();
    const first = bench.send('x'.repeat(150));
    const second = bench.send('x'.repeat(150));
    await bench.runtime.advance(29_000);
    expect([first.code(), second.code()]).toEqual([SEND_OK, undefined]);
    expect(bench.host.sendBuffer.usedBytes).toBe(200);
    expect(bench.host.freeBytes).toBe(0);
    bench.pipe.takeAll();
    expect(await second.promise).toBe(SEND_OK);
  });

  test('S19 destroys the pipe when a send times out', async () => {
    const bench = Bench.connected();
    bench.send('x'.repeat(150));
    const { promise } = bench.send('x'.repeat(150));
    await bench.runtime.advance(30_000);
    expect(await promise).toBe(TIMEOUT);
    expect(bench.pipe.closed).toBe('destroy');
    expect(bench.host.isUp).toBe(false);
  });

  test('asks to give a dial up when there is no pipe yet', () => {
    const bench = new Bench();
    bench.host.feed({ type: 'connect', timeoutMs: 60_000 });
    bench.host.feed({ type: 'disconnect', code: 0, reason: 'enough' });
    expect(bench.abandoned).toBe(1);
  });

  test('lets blocked callers in when the buffer grows, and says what it was before', async () => {
    const bench = Bench.connected();
    const { promise } = bench.send('x'.repeat(300));
    expect(bench.host.growSendBuffer(1_000)).toBe(200);
    expect(await promise).toBe(SEND_OK);
    expect(bench.host.sendBuffer.capacityBytes).toBe(1_000);
  });

  test('closes a connection that brings data which can not be decoded, and blames the other end', () => {
    const bench = Bench.connected();
    bench.receive({ type: 'message', name: 'n', data: Uint8Array.of(0xc1) });
    bench.pipe.takeAll();
    expect(bench.messages).toEqual([]);
    expect(bench.pipe.frames.at(-1)).toMatchObject({
      type: 'close',
      reason: expect.stringContaining('DATA_MALFORMED'),
    });
    expect(bench.events).toContainEqual({
      type: 'disconnected',
      cause: expect.objectContaining({ kind: 'protocolError' }),
    });
  });
});

describe('ConnectionHost with callers', () => {
  test('S44 throws for what can never be sent, and touches neither buffer nor connection', () => {
    const bench = Bench.connected();
    const send = (name: string, data: unknown) => bench.host.send(name, data, POLICY);
    expect(() => send('n', () => 1)).toThrow(expect.objectContaining({ code: 'DATA_NOT_SERIALISABLE' }));
    expect(() => send('n', JSON.parse('{"__proto__":1}'))).toThrow(
      expect.objectContaining({ code: 'DATA_UNSAFE_KEY' }),
    );
    expect(() => send('n'.repeat(256), 1)).toThrow(expect.objectContaining({ code: 'NAME_TOO_LONG' }));
    expect(bench.host.sendBuffer.usedBytes).toBe(0);
  });

  test('S9 refuses a message of more than 256 KB', () => {
    const bench = Bench.connected();
    const send = () => bench.host.send('n', 'x'.repeat(262_144), POLICY);
    expect(send).toThrow(expect.objectContaining({ code: 'MESSAGE_TOO_LARGE' }));
  });

  test('refuses more callers than a program can mean to have', async () => {
    const bench = Bench.connected();
    const codes = Array.from({ length: SENDS_MAX + 20 }, () => {
      try {
        return bench.send('x'.repeat(20)).promise;
      } catch (error) {
        return (error as HoldfastError).code;
      }
    });
    expect(codes.at(-1)).toBe('TOO_MANY_SENDS');
    bench.tell.closed('gone');
    const answers = await Promise.all(codes);
    expect(answers).toContain(DISCONNECTED);
    expect(await bench.send().promise).toBe(NOT_CONNECTED);
  });
});

describe('ConnectionHost with channels', () => {
  test('tells ups, downs, room and frames', () => {
    const bench = new Bench();
    const { heard, events } = listener();
    bench.host.attach('sending', events);
    bench.open();
    bench.receive(WELCOME, OPEN);
    bench.host.sendFrame(OPEN as never);
    bench.pipe.takeAll();
    bench.tell.closed('gone');
    expect(heard).toEqual(['up', 'open', 'writable', 'down']);
    expect(bench.pipe.frames.at(-1)).toEqual(OPEN);
  });

  test('tells a channel that comes late that it is up, and one that leaves nothing more', () => {
    const bench = Bench.connected();
    const { heard, events } = listener();
    const detach = bench.host.attach('sending', events);
    expect(heard).toEqual(['up']);
    detach();
    bench.tell.closed('gone');
    expect(heard).toEqual(['up']);
  });

  test('takes one of each half, and another one when the first has left', () => {
    const bench = Bench.connected();
    const { events } = listener();
    const detach = bench.host.attach('sending', events);
    bench.host.attach('receiving', listener().events);
    expect(() => bench.host.attach('sending', listener().events)).toThrow(
      expect.objectContaining({ code: 'CHANNEL_EXISTS' }),
    );
    detach();
    const { heard, events: later } = listener();
    bench.host.attach('sending', later);
    detach();
    bench.tell.closed('gone');
    expect(heard).toEqual(['up', 'down']);
  });

  test('tells a channel once that it is up when it is attached because of that', () => {
    const bench = new Bench();
    const { heard, events } = listener();
    bench.onEvent = ({ type }) => {
      if (type === 'connected') bench.host.attach('sending', events);
    };
    bench.open();
    bench.receive(WELCOME);
    expect(heard).toEqual(['up']);
  });

  test('tells up and down in turn when welcome and goodbye come in one piece', () => {
    const bench = new Bench();
    const { heard, events } = listener();
    bench.onEvent = ({ type }) => {
      if (type === 'connected') bench.host.attach('sending', events);
    };
    bench.open();
    bench.receive(WELCOME, { type: 'close', code: 4, reason: 'bye' });
    expect(heard).toEqual(['up', 'down']);
    expect(bench.host.isUp).toBe(false);
  });

  test('drops frames while it is down', () => {
    const bench = new Bench();
    bench.host.sendFrame(OPEN as never);
    bench.open();
    bench.receive(WELCOME);
    expect(bench.pipe.frames.map(({ type }) => type)).toEqual(['hello']);
  });

  test('offers no room while a frame waits for some', () => {
    const bench = Bench.connected();
    expect(bench.host.freeBytes).toBe(200);
    bench.send('x'.repeat(150));
    const free = bench.host.freeBytes;
    expect(free).toBeGreaterThan(0);
    bench.host.sendFrame({ ...OPEN, epoch: 'f'.repeat(16) } as never);
    bench.send('x'.repeat(150));
    expect(bench.host.freeBytes).toBe(0);
  });

  test('goes on when a channel throws, and lets the error surface', async () => {
    const bench = Bench.connected();
    const { heard, events } = listener();
    const errors = await uncaughtDuring(async () => {
      bench.host.attach('sending', {
        ...events,
        frame: () => {
          throw new Error('the channel broke');
        },
      });
      bench.receive(OPEN, { type: 'ping', nonce: 1 });
      bench.pipe.takeAll();
    });
    expect(errors).toMatchObject([{ message: 'the channel broke' }]);
    expect(bench.pipe.frames.at(-1)).toEqual({ type: 'pong', nonce: 1 });
    expect(heard).toContain('up');
  });
});
