// A connection's sending side: the send buffer, what goes into it, and those who wait for a result. It knows whether there
// is a connection, and nothing else of its states.

import { type Caller, Callers } from './callers.js';
import type { ConnectionOptions, SendInput, SendingInput } from './contract.js';
import type { DisconnectCause } from './disconnect-cause.js';
import { Outgoing } from './outgoing.js';
import { SendBuffer } from './send-buffer.js';
import {
  DISCONNECTED,
  NOT_CONNECTED,
  RETURN_ON_ERROR_NO_DISCONNECT,
  SUSPEND_ON_ERROR,
  WOULDBLOCK,
} from './send-codes.js';

/** What one end sends, over all its connections. */
export class Sending {
  readonly buffer: SendBuffer;
  readonly callers = new Callers();
  readonly outgoing: Outgoing;

  constructor(options: ConnectionOptions) {
    this.buffer = new SendBuffer(options);
    this.outgoing = new Outgoing(this.buffer, this.callers, options);
  }

  /** Takes what a program or a channel wants. */
  handle(input: SendingInput, isConnected: boolean, nowMs: number): void {
    switch (input.type) {
      case 'send':
        this.#onSend(input, isConnected, nowMs);
        return;
      case 'sendChannelFrame':
        // A channel that has not heard of the end yet sends into nothing, as on the network; it sends again after reopening.
        if (isConnected) this.outgoing.push({ bytes: input.bytes, caller: undefined });
        return;
      case 'flush':
        if (isConnected) this.callers.flush(input.id, this.outgoing.messageCount, nowMs + input.timeoutMs);
        else this.callers.refuseFlush(input.id, false);
        return;
      case 'growSendBuffer':
        this.buffer.grow(input.bytes);
        this.outgoing.fill();
        return;
      case 'restart':
        this.callers.forget();
        this.outgoing.dropWaitingMessages();
        return;
    }
  }

  /** Frames flow: what was held goes first, in the order in which it was sent, each with its whole time. */
  onConnected(nowMs: number): void {
    for (const caller of this.callers.takeHeld()) {
      this.outgoing.push({ bytes: caller.bytes, caller: { ...caller, deadlineMs: nowMs + caller.timeoutMs } });
    }
  }

  /** The program is told that the connection is over, while what is in the buffer still leaves. */
  onClosing(cause: DisconnectCause, nowMs: number): void {
    this.#answerAll(cause, nowMs);
    this.outgoing.release();
  }

  /** The link is gone. */
  onGone(cause: DisconnectCause, nowMs: number): void {
    this.#answerAll(cause, nowMs);
    this.outgoing.clear();
  }

  /** The device has lost its power: nobody waits any more, and the buffer is what it was at first. */
  onPowerOff(): void {
    this.callers.forget();
    this.outgoing.clear();
    this.buffer.reset();
  }

  #onSend({ type, ...send }: SendInput, isConnected: boolean, nowMs: number): void {
    const caller: Caller = { ...send, deadlineMs: nowMs + send.timeoutMs };
    if (!isConnected && send.onError === SUSPEND_ON_ERROR) this.callers.holdBack(caller);
    else if (!isConnected) this.callers.refuse(send.id, NOT_CONNECTED);
    else if (send.onError === RETURN_ON_ERROR_NO_DISCONNECT && !this.outgoing.fits(send.bytes.length)) {
      this.callers.refuse(send.id, WOULDBLOCK);
    } else this.outgoing.push({ bytes: send.bytes, caller });
  }

  /** A program that asked for the end gets answers. One that did not is suspended, where its policy says so. */
  #answerAll(cause: DisconnectCause, nowMs: number): void {
    if (cause.kind !== 'asked') this.callers.hold();
    this.callers.fail(DISCONNECTED, nowMs);
  }
}
