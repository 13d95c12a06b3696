// The link of browsers with a WebSocket that does what it is told: what real ones do only now and then. What both links have
// in common is in websocket-links.test.ts.

import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { CONNECT_REASON, type Pipe } from '../../src/index.js';
import { websocket } from '../../src/links/websocket.js';

const OPEN = 1;

class FakeWebSocket {
  static readonly OPEN = OPEN;
  static readonly made: FakeWebSocket[] = [];
  readonly sent: Uint8Array[] = [];
  readonly closes: (number | undefined)[] = [];
  protocol = 'holdfast';
  readyState = OPEN;
  bufferedAmount = 0;
  binaryType = 'blob';
  onopen: (() => void) | null = null;
  onclose: ((event: { code: number; reason: string }) => void) | null = null;
  onmessage: ((event: { data: unknown }) => void) | null = null;

  constructor(url: URL) {
    if (url.hostname === '127.0.0.9') throw new DOMException('An insecure connection may not be made', 'SecurityError');
    FakeWebSocket.made.push(this);
  }

  send(bytes: Uint8Array): void {
    this.sent.push(bytes);
    this.bufferedAmount += bytes.length;
  }

  close(code?: number): void {
    this.closes.push(code);
  }
}

const detail = vi.fn<(detail: string) => void>();
const received = vi.fn<(bytes: Uint8Array) => void>();

beforeEach(() => {
  vi.useFakeTimers();
  vi.stubGlobal('WebSocket', FakeWebSocket);
  FakeWebSocket.made.length = 0;
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
  vi.resetAllMocks();
});

function dial(url = 'ws://127.0.0.1:7400/'): { dialing: Promise<Pipe>; socket: FakeWebSocket } {
  const dialing = websocket({ url }).dial({ received, closed: detail }, new AbortController().signal);
  return { dialing, socket: FakeWebSocket.made[0] as FakeWebSocket };
}

async function open(): Promise<{ pipe: Pipe; socket: FakeWebSocket }> {
  const { dialing, socket } = dial();
  socket.onopen?.();
  return { pipe: await dialing, socket };
}

/** What is deferred to the end of the turn has been done. */
async function turn(): Promise<void> {
  await vi.advanceTimersByTimeAsync(0);
}

test('takes writes at once while the browser keeps up', async () => {
  const { pipe, socket } = await open();
  const onTaken = vi.fn();
  pipe.write(new Uint8Array(65_536), onTaken);
  expect(onTaken).not.toHaveBeenCalled();
  await turn();
  expect(onTaken).toHaveBeenCalledTimes(1);
  expect(socket.sent).toHaveLength(1);
  expect(vi.getTimerCount()).toBe(0);
});

test('takes no more while the browser is behind, and goes on when it is not', async () => {
  const { pipe, socket } = await open();
  const onTaken = vi.fn();
  socket.bufferedAmount = 60_000;
  pipe.write(new Uint8Array(10_000), onTaken);
  await vi.advanceTimersByTimeAsync(60_000);
  expect(onTaken).not.toHaveBeenCalled();
  expect(vi.getTimerCount()).toBe(1);
  socket.bufferedAmount = 65_536;
  await vi.advanceTimersByTimeAsync(10);
  expect(onTaken).toHaveBeenCalledTimes(1);
  expect(vi.getTimerCount()).toBe(0);
});

test('does not wait for a slow timer when an answer comes', async () => {
  const { pipe, socket } = await open();
  const onTaken = vi.fn();
  socket.bufferedAmount = 100_000;
  pipe.write(new Uint8Array(10), onTaken);
  await turn();
  socket.onmessage?.({ data: new ArrayBuffer(3) });
  expect(onTaken).not.toHaveBeenCalled();
  socket.bufferedAmount = 0;
  socket.onmessage?.({ data: new ArrayBuffer(3) });
  expect(onTaken).toHaveBeenCalledTimes(1);
  expect(received).toHaveBeenCalledTimes(2);
  expect(vi.getTimerCount()).toBe(0);
});

test('leaves no timer behind, and no write taken, when it closes', async () => {
  const { pipe, socket } = await open();
  const onTaken = vi.fn();
  socket.bufferedAmount = 100_000;
  pipe.write(new Uint8Array(10), onTaken);
  await turn();
  socket.readyState = 3;
  socket.bufferedAmount = 0;
  socket.onclose?.({ code: 1006, reason: '' });
  expect(detail.mock.calls).toEqual([['the connection was lost']]);
  expect(vi.getTimerCount()).toBe(0);
  await vi.advanceTimersByTimeAsync(1_000);
  expect(onTaken).not.toHaveBeenCalled();
});

test('asks nothing of a socket that is closing', async () => {
  const { pipe, socket } = await open();
  socket.readyState = 2;
  pipe.write(new Uint8Array(10), () => expect.fail('it was not taken'));
  await vi.advanceTimersByTimeAsync(1_000);
  expect(vi.getTimerCount()).toBe(0);
});

test('hears nothing more from an end that broke the rules', async () => {
  const { socket } = await open();
  socket.onmessage?.({ data: 'text' });
  socket.onmessage?.({ data: new ArrayBuffer(1) });
  expect(received).not.toHaveBeenCalled();
  // The only code for it that a page may use.
  expect(socket.closes).toEqual([1000]);
  socket.onclose?.({ code: 1000, reason: '' });
  expect(detail.mock.calls).toEqual([['a WebSocket message came that was not binary']]);
});

test('reads bytes, not blobs', async () => {
  expect((await open()).socket.binaryType).toBe('arraybuffer');
});

test('says that there is no network when the browser knows it', async () => {
  vi.stubGlobal('navigator', { onLine: false });
  const { dialing, socket } = dial();
  socket.onclose?.({ code: 1006, reason: '' });
  await expect(dialing).rejects.toMatchObject({ reason: CONNECT_REASON.noLink });
});

test('says what to check when the browser says nothing', async () => {
  vi.stubGlobal('navigator', { onLine: true });
  const { dialing, socket } = dial();
  socket.onclose?.({ code: 1006, reason: '' });
  await expect(dialing).rejects.toMatchObject({
    reason: CONNECT_REASON.noServer,
    message: expect.stringContaining('origins'),
  });
});

test('fails when the browser does not let it try', async () => {
  const { dialing } = dial('ws://127.0.0.9/');
  await expect(dialing).rejects.toMatchObject({
    reason: CONNECT_REASON.noServer,
    message: 'can not connect to ws://127.0.0.9/: An insecure connection may not be made',
  });
});

test('takes no certificates', () => {
  expect(() => websocket({ url: 'wss://example.com', tls: { ca: 'x' } })).toThrow('tls is for Node');
});
