import { describe, expect, test } from 'vitest';
import {
  type Caller,
  Callers,
  DISCONNECTED,
  NOT_CONNECTED,
  type OnError,
  RETURN_ON_ERROR,
  RETURN_ON_ERROR_NO_DISCONNECT,
  SEND_OK,
  SUSPEND_ON_ERROR,
  TIMEOUT,
  WAIT_FOR_ACK,
} from '../../src/core/index.js';
import { CALLER } from '../rig.js';

const caller = (id: number, onError: OnError = RETURN_ON_ERROR, more: Partial<Caller> = {}): Caller => ({
  ...CALLER,
  id,
  onError,
  ...more,
});
const done = (id: number, code: number) => ({ type: 'sendDone', id, code });
const flushed = (id: number, isClear: boolean) => ({ type: 'flushDone', id, isClear });

describe('Callers', () => {
  test('gives each result once', () => {
    const callers = new Callers();
    callers.begin(caller(1));
    callers.onWritten(caller(1), 1);
    expect(callers.takeDone()).toEqual([done(1, SEND_OK)]);
    callers.fail(DISCONNECTED, 0);
    expect(callers.takeDone()).toEqual([]);
  });

  test('WAIT_FOR_ACK waits for the ack of its own number', () => {
    const callers = new Callers();
    for (const id of [1, 2, 3]) {
      const waiting = caller(id, RETURN_ON_ERROR, { waitFor: WAIT_FOR_ACK });
      callers.begin(waiting);
      callers.onWritten(waiting, id);
    }
    callers.onServerAck(2);
    expect(callers.takeDone()).toEqual([done(1, SEND_OK), done(2, SEND_OK)]);
    callers.onServerAck(3);
    expect(callers.takeDone()).toEqual([done(3, SEND_OK)]);
  });

  test('a caller out of time costs the connection, but for RETURN_ON_ERROR_NO_DISCONNECT', () => {
    for (const [onError, costs] of [
      [SUSPEND_ON_ERROR, true],
      [RETURN_ON_ERROR, true],
      [RETURN_ON_ERROR_NO_DISCONNECT, false],
    ] as const) {
      const callers = new Callers();
      callers.begin(caller(1, onError, { deadlineMs: 500, waitFor: WAIT_FOR_ACK }));
      expect(callers.expire(499)).toBe(false);
      expect(callers.expire(500)).toBe(costs);
      expect(callers.takeDone()).toEqual(costs ? [] : [done(1, TIMEOUT)]);
    }
  });

  test('an ack that comes after the time changes nothing', () => {
    const callers = new Callers();
    const late = caller(1, RETURN_ON_ERROR_NO_DISCONNECT, { deadlineMs: 500, waitFor: WAIT_FOR_ACK });
    callers.begin(late);
    callers.onWritten(late, 1);
    callers.expire(500);
    callers.onServerAck(1);
    expect(callers.takeDone()).toEqual([done(1, TIMEOUT)]);
  });

  test('corrects its lower bound of the deadlines', () => {
    const callers = new Callers();
    callers.begin(caller(1, RETURN_ON_ERROR, { deadlineMs: 500 }));
    callers.begin(caller(2, RETURN_ON_ERROR, { deadlineMs: 900 }));
    callers.onWritten(caller(1), 1);
    expect(callers.earliestDeadlineMs).toBe(500);
    expect(callers.expire(600)).toBe(false);
    expect(callers.earliestDeadlineMs).toBe(900);
  });

  test('S25 holds those that are suspended, in the order of the calls, and fails the others', () => {
    const callers = new Callers();
    callers.begin(caller(1, SUSPEND_ON_ERROR, { waitFor: WAIT_FOR_ACK }));
    callers.begin(caller(2, RETURN_ON_ERROR));
    callers.begin(caller(3, SUSPEND_ON_ERROR));
    callers.begin(caller(4, RETURN_ON_ERROR_NO_DISCONNECT, { deadlineMs: 10 }));
    callers.hold();
    callers.fail(DISCONNECTED, 20);
    expect(callers.takeDone()).toEqual([done(2, DISCONNECTED), done(4, TIMEOUT)]);
    callers.holdBack(caller(5, SUSPEND_ON_ERROR));
    expect(callers.heldCount).toBe(3);
    expect(callers.takeHeld().map(({ id }) => id)).toEqual([1, 3, 5]);
    expect(callers.heldCount).toBe(0);
  });

  test('fails those that are held when the program wants no connection', () => {
    const callers = new Callers();
    callers.holdBack(caller(1, SUSPEND_ON_ERROR));
    callers.failHeld(DISCONNECTED);
    expect(callers.takeDone()).toEqual([done(1, DISCONNECTED)]);
  });

  test('refuses a call that never begins to wait', () => {
    const callers = new Callers();
    callers.refuse(1, NOT_CONNECTED);
    expect(callers.takeDone()).toEqual([done(1, NOT_CONNECTED)]);
  });

  test('S23 a flush ends with the ack of the last message before it', () => {
    const callers = new Callers();
    callers.flush(1, 2, 500);
    callers.onServerAck(1);
    expect(callers.takeDone()).toEqual([]);
    callers.onServerAck(2);
    expect(callers.takeDone()).toEqual([flushed(1, true)]);
    callers.flush(2, 2, 500);
    expect(callers.takeDone()).toEqual([flushed(2, true)]);
  });

  test('S23 a flush out of time is false and costs nothing; one whose connection goes is false', () => {
    const callers = new Callers();
    callers.flush(1, 2, 500);
    callers.flush(2, 2, 900);
    expect(callers.expire(500)).toBe(false);
    expect(callers.takeDone()).toEqual([flushed(1, false)]);
    expect(callers.earliestDeadlineMs).toBe(900);
    callers.fail(DISCONNECTED, 600);
    expect(callers.takeDone()).toEqual([flushed(2, false)]);
  });

  test('counts acks anew on the next connection', () => {
    const callers = new Callers();
    callers.onServerAck(5);
    callers.fail(DISCONNECTED, 0);
    callers.flush(1, 3, 500);
    expect(callers.takeDone()).toEqual([]);
  });

  test('forgets everyone when the program is gone', () => {
    const callers = new Callers();
    const waiting = caller(1, SUSPEND_ON_ERROR, { waitFor: WAIT_FOR_ACK });
    callers.begin(waiting);
    callers.holdBack(caller(2, SUSPEND_ON_ERROR));
    callers.flush(3, 1, 500);
    callers.forget();
    callers.onWritten(waiting, 1);
    callers.onServerAck(1);
    callers.fail(DISCONNECTED, 0);
    expect([callers.takeDone(), callers.takeHeld()]).toEqual([[], []]);
  });
});
