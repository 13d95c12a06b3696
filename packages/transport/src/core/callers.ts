// The programs' calls on one connection that have no result yet: sends and flushes. What an error means is decided here,
// by the policy that the call was made under:
//
//   SUSPEND_ON_ERROR               no error is ever its result: it is held, and made again on the next connection
//   RETURN_ON_ERROR                the result is the code; a timeout costs the connection
//   RETURN_ON_ERROR_NO_DISCONNECT  the result is the code; the connection stays

import {
  RETURN_ON_ERROR_NO_DISCONNECT,
  SEND_OK,
  type SendCode,
  type SendPolicy,
  SUSPEND_ON_ERROR,
  TIMEOUT,
  WAIT_FOR_ACK,
} from './send-codes.js';

/** One call of `send`. */
export interface Caller extends SendPolicy {
  readonly id: number;
  /** A whole message frame. */
  readonly bytes: Uint8Array;
  /** When its patience ends, in monotonic milliseconds. */
  readonly deadlineMs: number;
}

/** The result of one call. */
export type CallerResult =
  | { readonly type: 'sendDone'; readonly id: number; readonly code: SendCode }
  /** `isClear`: everything that was sent before the flush has its server ack. */
  | { readonly type: 'flushDone'; readonly id: number; readonly isClear: boolean };

/** A caller whose frame is in the buffer and who waits for the server ack. */
interface AwaitingAck {
  readonly caller: Caller;
  /** The frame's number among the message frames of this connection. */
  readonly messageNumber: number;
}

/** One call of `flush`. */
interface Flush {
  readonly id: number;
  /** The last message that it waits for. */
  readonly messageNumber: number;
  readonly deadlineMs: number;
}

const NEVER = Number.POSITIVE_INFINITY;

/** Those who wait for a result. */
export class Callers {
  /** Everyone whose send is under way, in the order of the calls. */
  readonly #sending = new Map<number, Caller>();
  /** In order of message number. Some may have their result already. */
  #awaitingAck: AwaitingAck[] = [];
  /** Suspended sends, in the order of the calls. They outlive the connection. */
  #held: Caller[] = [];
  #flushes: Flush[] = [];
  #done: CallerResult[] = [];
  /** Not later than any deadline; may be earlier than all of them. */
  #earliestDeadlineMs = NEVER;
  /** The latest server ack. */
  #acknowledgedCount = 0;

  /** A lower bound of the deadlines, in monotonic milliseconds. */
  get earliestDeadlineMs(): number {
    return this.#earliestDeadlineMs;
  }

  /** Suspended sends that wait for the next connection. */
  get heldCount(): number {
    return this.#held.length;
  }

  /** A send begins. */
  begin(caller: Caller): void {
    this.#sending.set(caller.id, caller);
    this.#earliestDeadlineMs = Math.min(this.#earliestDeadlineMs, caller.deadlineMs);
  }

  /** Ends a call that never began to wait. */
  refuse(id: number, code: SendCode): void {
    this.#done.push({ type: 'sendDone', id, code });
  }

  /** The caller's frame is wholly in the buffer, as message `messageNumber`. */
  onWritten(caller: Caller, messageNumber: number): void {
    if (caller.waitFor === WAIT_FOR_ACK) this.#awaitingAck.push({ caller, messageNumber });
    else this.#settle(caller, SEND_OK);
  }

  /** The other end has `count` message frames. */
  onServerAck(count: number): void {
    this.#acknowledgedCount = count;
    let settled = 0;
    for (const { caller, messageNumber } of this.#awaitingAck) {
      if (messageNumber > count) break;
      this.#settle(caller, SEND_OK);
      settled += 1;
    }
    this.#awaitingAck.splice(0, settled);
    this.#endFlushes((flush) => flush.messageNumber <= count, true);
  }

  /** Waits until `messageNumber` messages have their server ack, until `deadlineMs` at the latest. */
  flush(id: number, messageNumber: number, deadlineMs: number): void {
    if (messageNumber <= this.#acknowledgedCount) {
      this.refuseFlush(id, true);
      return;
    }
    this.#flushes.push({ id, messageNumber, deadlineMs });
    this.#earliestDeadlineMs = Math.min(this.#earliestDeadlineMs, deadlineMs);
  }

  /** Ends a flush that has nothing to wait for. */
  refuseFlush(id: number, isClear: boolean): void {
    this.#done.push({ type: 'flushDone', id, isClear });
  }

  /** Looks whose patience has ended. Returns whether that costs the connection. */
  expire(nowMs: number): boolean {
    if (nowMs < this.#earliestDeadlineMs) return false;
    this.#endFlushes((flush) => nowMs >= flush.deadlineMs, false);
    let mustDrop = false;
    let earliestMs = Math.min(NEVER, ...this.#flushes.map((flush) => flush.deadlineMs));
    for (const caller of [...this.#sending.values()]) {
      const isExpired = nowMs >= caller.deadlineMs;
      if (isExpired && caller.onError === RETURN_ON_ERROR_NO_DISCONNECT) this.#settle(caller, TIMEOUT);
      else {
        mustDrop ||= isExpired;
        earliestMs = Math.min(earliestMs, caller.deadlineMs);
      }
    }
    this.#earliestDeadlineMs = earliestMs;
    return mustDrop;
  }

  /** The connection is lost: from now on the suspended ones wait for the next. */
  hold(): void {
    for (const caller of [...this.#sending.values()]) {
      if (caller.onError !== SUSPEND_ON_ERROR) continue;
      this.#sending.delete(caller.id);
      this.#held.push(caller);
    }
  }

  /** Lets a send wait for the next connection behind those that do already. */
  holdBack(caller: Caller): void {
    this.#held.push(caller);
  }

  /** There is a connection: those that were held go now. */
  takeHeld(): Caller[] {
    const held = this.#held;
    this.#held = [];
    return held;
  }

  /** Ends those that are held: the program wants no connection. */
  failHeld(code: SendCode): void {
    for (const { id } of this.takeHeld()) this.refuse(id, code);
  }

  /** Ends everyone who is not held with `code`; those whose time is up at `nowMs` with `TIMEOUT`. */
  fail(code: SendCode, nowMs: number): void {
    for (const caller of [...this.#sending.values()]) {
      this.#settle(caller, nowMs >= caller.deadlineMs ? TIMEOUT : code);
    }
    this.#endFlushes(() => true, false);
    this.#awaitingAck = [];
    this.#acknowledgedCount = 0;
    this.#earliestDeadlineMs = NEVER;
  }

  /** Forgets everyone without a result: the program that called is gone. */
  forget(): void {
    this.#sending.clear();
    this.#awaitingAck = [];
    this.#held = [];
    this.#flushes = [];
    this.#done = [];
    this.#earliestDeadlineMs = NEVER;
  }

  /** The results that became known since the last call. */
  takeDone(): CallerResult[] {
    const done = this.#done;
    if (done.length > 0) this.#done = [];
    return done;
  }

  /** Gives a caller its result, unless it has one. */
  #settle({ id }: Caller, code: SendCode): void {
    if (this.#sending.delete(id)) this.#done.push({ type: 'sendDone', id, code });
  }

  #endFlushes(isOver: (flush: Flush) => boolean, isClear: boolean): void {
    if (this.#flushes.length === 0) return;
    for (const flush of this.#flushes) if (isOver(flush)) this.refuseFlush(flush.id, isClear);
    this.#flushes = this.#flushes.filter((flush) => !isOver(flush));
  }
}
