// Runs a connection core over real pipes: both ends use it. It feeds the core with what happens, carries out what the
// core wants, keeps the promises of the callers, and decodes messages. It knows nothing of dialing, agents or handlers.

import {
  callUserCode,
  Driver,
  decodeData,
  encodeMessage,
  HoldfastError,
  ProtocolError,
  type Runtime,
} from '@holdfast/protocol';
import { type ChannelFrame, CLOSE_CODE, encodeFrame } from '@holdfast/protocol/core';
import {
  Connection,
  type ConnectionInput,
  type ConnectionOptions,
  type ConnectionOutput,
  messageFrameBytes,
  type SendCode,
  type SendPolicy,
} from './core/index.js';
import type { ChannelHalf, FrameCarrier, FrameCarrierEvents } from './frame-carrier.js';
import type { Pipe, PipeEvents } from './link.js';

/** Sends that may wait for their result at one time. More is a program that forgot to wait. */
export const SENDS_MAX = 16_384;

/** The outputs of the core that the host does not carry out itself. */
export type HostEvent = Exclude<
  ConnectionOutput,
  { readonly type: 'linkWrite' | 'linkClose' | 'sendDone' | 'flushDone' | 'message' | 'channelFrame' | 'writable' }
>;

/** What the owner of a host is told. */
export interface HostEvents {
  event(event: HostEvent): void;
  /** A plain message with its data decoded. `bytes`: of the data as it came. */
  message(name: string, data: unknown, bytes: number): void;
  /** The core gave up on a link that is not open yet. */
  abandonDial(): void;
}

/** A pipe that is being opened. */
export interface PreparedPipe {
  /** What the pipe is given to tell. Counts only while the pipe is the one that the host took last. */
  readonly events: PipeEvents;
  /** Takes the open pipe and feeds the core `input`, which says so. */
  take(pipe: Pipe, input: ConnectionInput): void;
}

/** A connection core with a pipe, a timer and callers. */
export class ConnectionHost implements FrameCarrier {
  readonly #core: Connection;
  readonly #driver: Driver<ConnectionInput, ConnectionOutput>;
  readonly #events: HostEvents;
  /** The halves of a channel whose frames this connection carries. */
  readonly #halves = new Map<ChannelHalf, FrameCarrierEvents>();
  readonly #callers = new Map<number, (code: SendCode) => void>();
  readonly #flushes = new Map<number, (isClear: boolean) => void>();
  #pipe: Pipe | undefined;
  /** Whether the last word to the channels was `up`. The core may know more already; nobody has been told yet. */
  #isUp = false;
  #nextId = 1;

  constructor(options: ConnectionOptions, runtime: Runtime, events: HostEvents) {
    this.#core = new Connection(options);
    this.#driver = new Driver(this.#core, runtime, (output) => this.#apply(output));
    this.#events = events;
  }

  get isUp(): boolean {
    return this.#isUp;
  }

  get isIdle(): boolean {
    return this.#core.state === 'idle';
  }

  get freeBytes(): number {
    return this.#core.waitingCount > 0 ? 0 : this.#core.sendBuffer.freeBytes;
  }

  /** Whether suspended sends wait for the next connection. */
  get holdsSends(): boolean {
    return this.#core.heldCount > 0;
  }

  get sendBuffer(): Connection['sendBuffer'] {
    return this.#core.sendBuffer;
  }

  /** Asks for a larger send buffer; returns the size before. */
  growSendBuffer(bytes: number): number {
    const { capacityBytes } = this.#core.sendBuffer;
    this.feed({ type: 'growSendBuffer', bytes });
    return capacityBytes;
  }

  feed(input: ConnectionInput): void {
    this.#driver.feed(input);
  }

  /** Makes ready for a pipe that is about to be opened. What it tells before it is taken is not lost. */
  preparePipe(): PreparedPipe {
    let taken: Pipe | undefined;
    const early: ((pipe: Pipe) => void)[] = [];
    const whenTaken = (event: (pipe: Pipe) => void): void => {
      if (taken === undefined) early.push(event);
      else event(taken);
    };
    return {
      events: {
        received: (bytes) => whenTaken((pipe) => this.#onReceived(pipe, bytes)),
        closed: (detail) => whenTaken((pipe) => this.#onClosed(pipe, detail)),
      },
      take: (pipe, input) => {
        taken = pipe;
        this.#pipe = pipe;
        this.feed(input);
        for (const event of early.splice(0)) event(pipe);
      },
    };
  }

  /**
   * Sends a message and resolves with its send code.
   *
   * @throws HoldfastError at once when the message can not be sent at all, or `TOO_MANY_SENDS`
   */
  send(name: string, data: unknown, policy: SendPolicy): Promise<SendCode> {
    const message = encodeMessage(name, data);
    const id = this.#newCall();
    const { onError, waitFor, timeoutMs } = policy;
    return new Promise((resolve) => {
      this.#callers.set(id, resolve);
      this.feed({
        type: 'send',
        id,
        bytes: messageFrameBytes(message.name, message.data),
        onError,
        waitFor,
        timeoutMs,
      });
    });
  }

  /**
   * Resolves with true when the server has acknowledged every message sent so far; with false when that takes too long, or
   * there is no connection, or it ends.
   *
   * @throws HoldfastError `TOO_MANY_SENDS` at once
   */
  flush(timeoutMs: number): Promise<boolean> {
    const id = this.#newCall();
    return new Promise((resolve) => {
      this.#flushes.set(id, resolve);
      this.feed({ type: 'flush', id, timeoutMs });
    });
  }

  /** The program is gone: its calls never get a result. The connection stays. */
  restart(): void {
    this.#forgetCalls();
    this.feed({ type: 'restart' });
  }

  /** The device is switched off: the link goes at once, and the send buffer is what it was at first. */
  powerOff(): void {
    this.#forgetCalls();
    this.feed({ type: 'powerOff' });
  }

  #newCall(): number {
    if (this.#callers.size + this.#flushes.size >= SENDS_MAX) {
      throw new HoldfastError('TOO_MANY_SENDS', `${SENDS_MAX} sends wait for their result already; await some of them`);
    }
    return this.#nextId++;
  }

  #forgetCalls(): void {
    this.#callers.clear();
    this.#flushes.clear();
  }

  sendFrame(frame: ChannelFrame): void {
    this.feed({ type: 'sendChannelFrame', bytes: encodeFrame(frame) });
  }

  attach(half: ChannelHalf, events: FrameCarrierEvents): () => void {
    if (this.#halves.has(half)) {
      const advice = 'close the other one first, or give each channel its own transport';
      throw new HoldfastError('CHANNEL_EXISTS', `this connection has the ${half} half of a channel already; ${advice}`);
    }
    this.#halves.set(half, events);
    if (this.#isUp) callUserCode(() => events.up());
    return () => {
      if (this.#halves.get(half) === events) this.#halves.delete(half);
    };
  }

  #tellHalves(tell: (events: FrameCarrierEvents) => void): void {
    for (const events of [...this.#halves.values()]) callUserCode(() => tell(events));
  }

  #onReceived(pipe: Pipe, bytes: Uint8Array): void {
    if (pipe === this.#pipe) this.feed({ type: 'linkReceived', bytes });
  }

  #onClosed(pipe: Pipe, detail: string): void {
    if (pipe !== this.#pipe) return;
    this.#pipe = undefined;
    this.feed({ type: 'linkClosed', detail });
  }

  #apply(output: ConnectionOutput): void {
    switch (output.type) {
      case 'linkWrite':
        this.#write(output.bytes);
        return;
      case 'linkClose':
        this.#closePipe(output.atOnce);
        return;
      case 'sendDone': {
        const resolve = this.#callers.get(output.id);
        this.#callers.delete(output.id);
        resolve?.(output.code);
        return;
      }
      case 'flushDone': {
        const resolve = this.#flushes.get(output.id);
        this.#flushes.delete(output.id);
        resolve?.(output.isClear);
        return;
      }
      case 'message': {
        const data = decodeData(output.data);
        if (data instanceof ProtocolError) this.#rejectPeer(data);
        else this.#events.message(output.name, data.value, output.data.length);
        return;
      }
      case 'channelFrame':
        this.#tellHalves((events) => events.frame(output.frame));
        return;
      case 'writable':
        this.#tellHalves((events) => events.writable());
        return;
      case 'connected':
        // Channels first: one that is attached because of the event hears of it from `attach`, and so once.
        this.#isUp = true;
        this.#tellHalves((events) => events.up());
        this.#events.event(output);
        return;
      case 'disconnected':
        this.#isUp = false;
        this.#tellHalves((events) => events.down());
        this.#events.event(output);
        return;
      default:
        this.#events.event(output);
    }
  }

  #write(bytes: Uint8Array): void {
    const pipe = this.#pipe;
    pipe?.write(bytes, () => {
      if (pipe === this.#pipe) this.feed({ type: 'linkTook' });
    });
  }

  #closePipe(atOnce: boolean): void {
    const pipe = this.#pipe;
    this.#pipe = undefined;
    if (pipe === undefined) this.#events.abandonDial();
    else if (atOnce) pipe.destroy();
    else pipe.end();
  }

  /** What the core let through turned out to be bad one layer up: the connection it came on is closed. */
  #rejectPeer(error: ProtocolError): void {
    this.feed({ type: 'disconnect', code: CLOSE_CODE.protocolError, reason: `${error.code}: ${error.message}` });
  }
}
