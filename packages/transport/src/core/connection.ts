// One connection of a device and a server, seen from either end: how it begins, what makes it end, and who is told.
// States and ways between them: connection-state.ts. What goes out, and who waits for it: sending.ts. What comes in:
// incoming.ts, handshake.ts. What is waited for: deadlines.ts.
//
// The rules that hold everywhere here:
// - Bytes leave the send buffer when the link has taken them, never before. One write at a time.
// - A send that times out in the buffer drops the connection, so half a message is never completed by other bytes.
// - When the connection ends, for whatever reason, the buffer is emptied; every caller gets an answer, or is held for the
//   next connection (SUSPEND_ON_ERROR).

import { CLOSE_CODE, type Machine, ProtocolError, type TimeoutInput } from '@holdfast/protocol/core';
import { type ConnectionEvent, type ConnectionState, nextConnectionState } from './connection-state.js';
import type { ConnectionInput, ConnectionOptions, ConnectionOutput, SendingInput } from './contract.js';
import { Deadlines, type DueStep } from './deadlines.js';
import { connectReasonOf, type DisconnectCause } from './disconnect-cause.js';
import { Incoming, type IncomingStep } from './incoming.js';
import type { SendBuffer } from './send-buffer.js';
import { CONNECT_REASON, type ConnectReason, DISCONNECTED } from './send-codes.js';
import { Sending } from './sending.js';

/** The state machine of one end. */
export class Connection implements Machine<ConnectionInput, ConnectionOutput> {
  readonly #options: ConnectionOptions;
  readonly #sending: Sending;
  readonly #outputs: ConnectionOutput[] = [];
  readonly #deadlines: Deadlines;
  /** What comes in on this connection; the next one gets a new one. */
  #incoming: Incoming;
  #state: ConnectionState = 'idle';
  /** Why this end is closing. */
  #closeCause: DisconnectCause | undefined;
  /** Dialing: begin an attempt of this many milliseconds when the closed link is gone. */
  #connectAgainMs: number | undefined;

  constructor(options: ConnectionOptions) {
    this.#options = options;
    this.#sending = new Sending(options);
    this.#deadlines = new Deadlines(options, this.#sending.callers);
    this.#incoming = new Incoming(options);
  }

  get state(): ConnectionState {
    return this.#state;
  }

  /** The send buffer's size, fill and room, in bytes. */
  get sendBuffer(): Pick<SendBuffer, 'capacityBytes' | 'usedBytes' | 'freeBytes'> {
    return this.#sending.buffer;
  }

  /** Suspended sends that wait for the next connection. */
  get heldCount(): number {
    return this.#sending.callers.heldCount;
  }

  /** Callers and channel frames that wait for room in the send buffer. */
  get waitingCount(): number {
    return this.#sending.outgoing.waitingCount;
  }

  handle(input: ConnectionInput | TimeoutInput, nowMs: number): void {
    switch (input.type) {
      case 'connect':
        this.#onConnect(input.timeoutMs, nowMs);
        break;
      case 'accept':
        if (this.#move('accept')) this.#deadlines.limitState(nowMs + this.#options.handshakeTimeoutMs);
        break;
      case 'linkOpened':
        this.#onLinkOpened(nowMs);
        break;
      case 'linkFailed':
        if (this.#state === 'dialing') this.#end({ kind: 'linkLost', detail: input.detail }, nowMs, input.reason);
        break;
      case 'linkClosed':
        this.#end(this.#closeCause ?? { kind: 'linkLost', detail: input.detail }, nowMs);
        break;
      case 'linkReceived':
        this.#onReceived(input.bytes, nowMs);
        break;
      case 'linkTook':
        this.#sending.outgoing.onTook();
        this.#tellRoom();
        break;
      case 'admit':
        this.#admit(nowMs);
        break;
      case 'refuse':
        this.#refuse(input.code, input.reason, input.retryAfterMs, nowMs);
        break;
      case 'disconnect':
        this.#onDisconnect(input.code, input.reason, nowMs);
        break;
      case 'giveUp':
        if (this.#state === 'dialing' || this.#state === 'handshaking') this.#cutOff('the attempt was given up', nowMs);
        break;
      case 'probe':
        this.#onDue(this.#deadlines.probe(nowMs), nowMs);
        break;
      case 'powerOff':
        this.#connectAgainMs = undefined;
        this.#sending.onPowerOff();
        this.#cutOff('the device was switched off', nowMs);
        break;
      case 'timeout':
        this.#onDue(this.#deadlines.check(nowMs), nowMs);
        break;
      default:
        this.#onSending(input, nowMs);
    }
    this.#transmit(nowMs);
    this.#outputs.push(...this.#sending.callers.takeDone());
  }

  poll(): ConnectionOutput | undefined {
    return this.#outputs.shift();
  }

  nextTimeoutMs(): number | undefined {
    return this.#deadlines.nextTimeoutMs();
  }

  // ---- the program's side

  #onConnect(timeoutMs: number, nowMs: number): void {
    if (this.#state === 'connected') {
      this.#outputs.push({ type: 'connectDone', reason: CONNECT_REASON.connected, detail: 'already connected' });
    } else if (this.#state === 'closing') this.#connectAgainMs = timeoutMs;
    else if (this.#move('connect')) {
      this.#deadlines.limitState(nowMs + timeoutMs);
      this.#outputs.push({ type: 'dial' });
    }
  }

  #onDisconnect(code: number, reason: string, nowMs: number): void {
    const kind = code === CLOSE_CODE.protocolError ? 'protocolError' : 'asked';
    const cause: DisconnectCause = { kind, detail: reason, code };
    if (kind === 'asked') this.#sending.callers.failHeld(DISCONNECTED);
    if (this.#connectAgainMs !== undefined) {
      this.#connectAgainMs = undefined;
      this.#announceEnd(false, cause, connectReasonOf(cause));
    }
    this.#close(cause, nowMs);
  }

  #onSending(input: SendingInput, nowMs: number): void {
    this.#sending.handle(input, this.#state === 'connected', nowMs);
    if (input.type === 'growSendBuffer') this.#tellRoom();
    // Without any time to wait, what has no result by now never gets one.
    if ((input.type === 'send' || input.type === 'flush') && input.timeoutMs === 0) {
      this.#onDue(this.#deadlines.check(nowMs), nowMs);
    }
  }

  #cutOff(detail: string, nowMs: number): void {
    if (this.#state !== 'idle') this.#outputs.push({ type: 'linkClose', atOnce: true });
    this.#end({ kind: 'asked', detail }, nowMs);
  }

  // ---- the link's side

  #onLinkOpened(nowMs: number): void {
    if (!this.#move('linkOpened')) return;
    this.#deadlines.limitState(nowMs + this.#options.handshakeTimeoutMs);
    this.#sending.outgoing.pushControl(this.#incoming.handshake.hello());
  }

  #onReceived(bytes: Uint8Array, nowMs: number): void {
    // What comes while this end closes is not wanted any more.
    if (!this.#isOpen()) return;
    this.#deadlines.onReceived(nowMs);
    this.#incoming.push(bytes);
    for (let step = this.#incoming.next(); step !== undefined; step = this.#incoming.next()) {
      this.#onStep(step, nowMs);
      if (!this.#isOpen()) return;
    }
    const serverAck = this.#incoming.takeServerAck();
    if (serverAck !== undefined) this.#sending.outgoing.pushControl(serverAck);
  }

  #onStep(step: IncomingStep, nowMs: number): void {
    switch (step.type) {
      case 'welcomed':
        this.#enter(nowMs);
        this.#outputs.push({ type: 'connectDone', reason: CONNECT_REASON.connected, detail: 'connected' });
        return;
      case 'refuse':
        this.#refuse(step.code, step.reason, 0, nowMs);
        return;
      case 'over':
        this.#outputs.push({ type: 'linkClose', atOnce: false });
        this.#end(step.cause, nowMs);
        return;
      case 'wrong':
        this.#onProtocolError(step.error, nowMs);
        return;
      case 'tell':
        this.#outputs.push(step.output);
        return;
      case 'say':
        this.#sending.outgoing.pushControl(step.frame);
        return;
      case 'acknowledged':
        if (!this.#sending.outgoing.onServerAck(step.count)) {
          const message = `a server ack of ${step.count} messages is more than were sent`;
          this.#onProtocolError(new ProtocolError('FRAME_UNEXPECTED', message), nowMs);
        }
        return;
    }
  }

  #onProtocolError({ code, message }: ProtocolError, nowMs: number): void {
    this.#close({ kind: 'protocolError', detail: `${code}: ${message}`, code: CLOSE_CODE.protocolError }, nowMs);
  }

  #tellRoom(): void {
    if (this.#state === 'connected' && this.#sending.outgoing.waitingCount === 0)
      this.#outputs.push({ type: 'writable' });
  }

  // ---- entering and leaving

  #admit(nowMs: number): void {
    if (this.#state !== 'handshaking' || !this.#incoming.handshake.isAsked) return;
    this.#sending.outgoing.pushControl(this.#incoming.handshake.welcome());
    this.#enter(nowMs);
  }

  #enter(nowMs: number): void {
    this.#move('welcome');
    this.#incoming.onConnected();
    this.#deadlines.onConnected(nowMs);
    this.#outputs.push({ type: 'connected' });
    this.#sending.onConnected(nowMs);
  }

  #refuse(code: number, reason: string, retryAfterMs: number, nowMs: number): void {
    if (this.#state !== 'handshaking') return;
    this.#sending.outgoing.pushControl(this.#incoming.handshake.refusal(code, reason, retryAfterMs));
    this.#beginClosing({ kind: 'refused', detail: reason, code }, nowMs);
  }

  /** Says goodbye and lets the last bytes leave. */
  #close(cause: DisconnectCause, nowMs: number): void {
    if (this.#state === 'dialing') {
      this.#outputs.push({ type: 'linkClose', atOnce: true });
      this.#end(cause, nowMs);
    } else if (this.#isOpen()) {
      this.#sending.outgoing.pushControl({
        type: 'close',
        code: cause.code ?? CLOSE_CODE.normal,
        reason: cause.detail,
      });
      this.#beginClosing(cause, nowMs);
    }
  }

  #beginClosing(cause: DisconnectCause, nowMs: number): void {
    const wasConnected = this.#state === 'connected';
    this.#move('close');
    this.#closeCause = cause;
    this.#deadlines.onOver(nowMs + this.#options.closeTimeoutMs);
    // To the program the connection is over now; only bytes and the close frame still leave.
    this.#sending.onClosing(cause, nowMs);
    this.#announceEnd(wasConnected, cause, connectReasonOf(cause));
  }

  /** The connection is over at once: the link is gone, or is not worth waiting for. */
  #end(cause: DisconnectCause, nowMs: number, reason: ConnectReason = connectReasonOf(cause)): void {
    const before = this.#state;
    if (!this.#move('lost')) return;
    this.#deadlines.onOver();
    this.#closeCause = undefined;
    this.#incoming = new Incoming(this.#options);
    this.#sending.onGone(cause, nowMs);
    if (before !== 'closing') this.#announceEnd(before === 'connected', cause, reason);
    this.#outputs.push({ type: 'idle' });
    if (this.#connectAgainMs !== undefined) this.#onConnect(this.#connectAgainMs, nowMs);
    this.#connectAgainMs = undefined;
  }

  #announceEnd(wasConnected: boolean, cause: DisconnectCause, reason: ConnectReason): void {
    this.#outputs.push({ type: wasConnected ? 'disconnected' : 'ended', cause });
    if (!wasConnected && this.#options.role === 'dialing') {
      this.#outputs.push({ type: 'connectDone', reason, detail: cause.detail });
    }
  }

  #onDue(due: DueStep | undefined, nowMs: number): void {
    if (due?.type === 'say') this.#sending.outgoing.pushControl(due.frame);
    if (due?.type === 'drop') {
      this.#outputs.push({ type: 'linkClose', atOnce: true });
      this.#end(due.cause, nowMs);
    }
  }

  // ---- bytes to the link

  #transmit(nowMs: number): void {
    if (this.#state === 'idle' || this.#state === 'dialing') return;
    const bytes = this.#sending.outgoing.nextWrite();
    if (bytes !== undefined) this.#outputs.push({ type: 'linkWrite', bytes });
    else if (this.#state === 'closing' && this.#sending.outgoing.isEmpty) {
      this.#outputs.push({ type: 'linkClose', atOnce: false });
      this.#end(this.#closeCause as DisconnectCause, nowMs);
    }
  }

  #isOpen(): boolean {
    return this.#state === 'handshaking' || this.#state === 'connected';
  }

  #move(event: ConnectionEvent): boolean {
    const next = nextConnectionState(this.#state, event);
    if (next !== undefined) this.#state = next;
    return next !== undefined;
  }
}
