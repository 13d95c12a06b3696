// Plain sends: every call gets exactly one code, unless its device crashes first, and the code is true:
//
//   0              under WAIT_FOR_ACK: the server had the message by then
//   1, 4           at once, and nothing of the message ever came to the server
//   2              when the timeout is up, not before
//   3              before the timeout is up
//   SUSPEND_ON_ERROR gives no code but 0; every other send has its code when its timeout is up
//
// A handler sees a message once at most, in order, unless the send was one that may be made again: SUSPEND_ON_ERROR makes a
// send again whose connection was lost before its code.

import type { Trace } from '../trace-event.js';
import type { EventOf, Violation } from './violation.js';

const CHECK = 'plain sends';

const OK = 0;
const NOT_CONNECTED = 1;
const TIMEOUT = 2;
const DISCONNECTED = 3;
const WOULDBLOCK = 4;
/** Virtual time adds fractions of milliseconds, so that sums differ in their last digits. */
const ROUNDING_MS = 0.001;

/** Finds sends without exactly one true code, and messages that came twice or out of order. */
export function checkPlainSends(trace: Trace): Violation[] {
  const violations: Violation[] = [];
  const find = (atMs: number, message: string): void => void violations.push({ check: CHECK, atMs, message });
  const sends = new Map<number, EventOf<'plainSend'>>();
  const codes = new Map<number, number>();
  const received = new Set<number>();
  const handled = new Set<number>();
  /** Whose devices crashed before they had a code. */
  const excused = new Set<number>();
  /** By device: the last send that may come once only, and came to a handler. */
  const last = new Map<string, number>();
  for (const event of trace) {
    if (event.what === 'plainSend') sends.set(event.n, event);
    else if (event.what === 'plainCode') onCode(event);
    else if (event.what === 'received' && event.isPlain) onReceived(event);
    else if (event.what === 'handlerBegan' && event.id === '') onHandler(event);
    else if (event.what === 'crashed') {
      for (const send of sends.values()) if (send.who === event.who && !codes.has(send.n)) excused.add(send.n);
    }
  }
  for (const { n, who, atMs } of sends.values()) {
    if (!codes.has(n) && !excused.has(n)) find(atMs, `plain message ${n} of ${who} never got a code`);
  }
  return violations;

  function mayRepeat(n: number): boolean {
    return sends.get(n)?.onError === 'SUSPEND_ON_ERROR';
  }

  function onReceived({ atMs, n }: EventOf<'received'>): void {
    const code = codes.get(n);
    if (received.has(n) && !mayRepeat(n)) find(atMs, `plain message ${n} came to the server twice`);
    if (code === NOT_CONNECTED || code === WOULDBLOCK)
      find(atMs, `plain message ${n} came to the server although its send had answered ${code}`);
    received.add(n);
  }

  function onCode({ atMs, n, code }: EventOf<'plainCode'>): void {
    const send = sends.get(n);
    if (send === undefined) find(atMs, `plain message ${n} got a code and was never sent`);
    else checkCode(send, code, atMs - send.atMs);
    if (codes.has(n)) find(atMs, `plain message ${n} got code ${codes.get(n)} and then ${code}`);
    if (excused.has(n)) find(atMs, `plain message ${n} got a code after its device had crashed`);
    codes.set(n, code);
  }

  function checkCode({ n, atMs, onError, waitFor, timeoutMs }: EventOf<'plainSend'>, code: number, tookMs: number) {
    const wrong = (why: string): void => find(atMs + tookMs, `plain message ${n} got code ${code} ${why}`);
    if (![OK, NOT_CONNECTED, TIMEOUT, DISCONNECTED, WOULDBLOCK].includes(code)) wrong('which is none');
    if (onError === 'SUSPEND_ON_ERROR') {
      if (code !== OK) wrong('under SUSPEND_ON_ERROR');
    } else if (tookMs > timeoutMs + ROUNDING_MS) wrong(`after ${tookMs} ms, and its timeout is ${timeoutMs} ms`);
    if (code === OK && waitFor === 'WAIT_FOR_ACK' && !received.has(n))
      wrong('under WAIT_FOR_ACK, and the server did not have it');
    if (code === TIMEOUT && tookMs < timeoutMs - ROUNDING_MS) wrong(`after ${tookMs} ms of ${timeoutMs} ms`);
    if ((code === NOT_CONNECTED || code === WOULDBLOCK) && (tookMs > 0 || received.has(n)))
      wrong('late, or although the server had it');
    if (code === WOULDBLOCK && onError !== 'RETURN_ON_ERROR_NO_DISCONNECT') wrong(`under ${onError}`);
  }

  function onHandler({ atMs, n, from }: EventOf<'handlerBegan'>): void {
    if (!received.has(n)) find(atMs, `plain message ${n} came to a handler before the server had it`);
    if (mayRepeat(n)) return;
    if (handled.has(n)) find(atMs, `plain message ${n} came to a handler twice`);
    handled.add(n);
    const before = last.get(from) ?? 0;
    if (n < before) find(atMs, `plain message ${n} of ${from} came to a handler after ${before}`);
    last.set(from, Math.max(before, n));
  }
}
