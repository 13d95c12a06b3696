// A connection core on a test bench: inputs go in at times that the test names, outputs are kept, and what is handed to
// the link is taken when the test says so.

import { encodeFrame, FRAME_MAX_BYTES, type Frame, FrameDecoder, ProtocolError } from '@holdfast/protocol/core';
import {
  type Caller,
  Connection,
  type ConnectionInput,
  type ConnectionOptions,
  type ConnectionOutput,
  messageFrameBytes,
  type OnError,
  RETURN_ON_ERROR,
  type SendCode,
  WAIT_TIL_SENT,
  type WaitFor,
} from '../src/core/index.js';

/** impOS's numbers, and those of `createTransport`. */
export const OPTIONS: ConnectionOptions = {
  role: 'dialing',
  deviceId: 'press-7',
  token: '',
  sendBufferBytes: 3_456,
  sendBufferMaxBytes: 30_720,
  packetBytes: 576,
  writeMaxBytes: 65_536,
  keepaliveIdleMs: 60_000,
  keepaliveTimeoutMs: 45_000,
  handshakeTimeoutMs: 10_000,
  closeTimeoutMs: 1_000,
  messageMaxBytes: 262_144,
};

export const HELLO: Frame = { type: 'hello', version: 1, deviceId: 'press-7', token: '' };
export const WELCOME: Frame = { type: 'welcome', version: 1, messageMaxBytes: 262_144 };

/** One byte array behind the other. */
export function concat(parts: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

/** The bytes of frames, one behind the other. */
export function bytesOf(...frames: readonly Frame[]): Uint8Array {
  return concat(frames.map(encodeFrame));
}

/** The whole frames in `bytes`, and how many bytes of an unfinished one follow. Throws when they are no valid frames. */
export function framesIn(bytes: Uint8Array): { readonly frames: Frame[]; readonly restBytes: number } {
  const decoder = new FrameDecoder(FRAME_MAX_BYTES);
  decoder.push(bytes.slice());
  const frames: Frame[] = [];
  for (let next = decoder.next(); next !== undefined; next = decoder.next()) {
    if (next instanceof ProtocolError) throw next;
    frames.push(next);
  }
  return { frames, restBytes: decoder.heldBytes };
}

/** The outputs of one type. */
export function ofType<Type extends ConnectionOutput['type']>(
  outputs: readonly ConnectionOutput[],
  type: Type,
): Extract<ConnectionOutput, { type: Type }>[] {
  return outputs.filter((output): output is Extract<ConnectionOutput, { type: Type }> => output.type === type);
}

/** A caller of 5 bytes, RETURN_ON_ERROR, WAIT_TIL_SENT, due at 30 s. */
export const CALLER: Caller = {
  id: 1,
  bytes: new Uint8Array(5),
  onError: RETURN_ON_ERROR,
  waitFor: WAIT_TIL_SENT,
  timeoutMs: 30_000,
  deadlineMs: 30_000,
};

/** How a bench sends: unless told otherwise one byte, RETURN_ON_ERROR, WAIT_TIL_SENT, 30 seconds. */
export interface SendOptions {
  readonly name?: string;
  readonly dataBytes?: number;
  readonly onError?: OnError;
  readonly waitFor?: WaitFor;
  readonly timeoutMs?: number;
}

/** A connection on the bench. */
export class Rig {
  readonly core: Connection;
  nowMs = 1_000;
  /** Every output so far. */
  readonly outputs: ConnectionOutput[] = [];
  /** What was handed to the link, copied when it was taken: the view must be valid until then. */
  readonly taken: Uint8Array[] = [];
  /** The write that the link has not taken yet. */
  writing: Uint8Array | undefined;
  #nextId = 1;

  constructor(options: Partial<ConnectionOptions> = {}) {
    this.core = new Connection({ ...OPTIONS, ...options });
  }

  /** A bench with a connection that is up, its handshake taken by the link. */
  static connected(options: Partial<ConnectionOptions> = {}): Rig {
    const rig = new Rig(options);
    if (options.role !== 'accepting') {
      rig.feed({ type: 'connect', timeoutMs: 60_000 });
      rig.feed({ type: 'linkOpened' });
      rig.takeAll();
      rig.receive(WELCOME);
    } else {
      rig.feed({ type: 'accept' });
      rig.receive(HELLO);
      rig.feed({ type: 'admit' });
      rig.takeAll();
    }
    rig.outputs.length = 0;
    rig.taken.length = 0;
    return rig;
  }

  /** Feeds one input and returns its outputs. */
  feed(input: ConnectionInput | { readonly type: 'timeout' }): ConnectionOutput[] {
    this.core.handle(input, this.nowMs);
    const outputs: ConnectionOutput[] = [];
    for (let output = this.core.poll(); output !== undefined; output = this.core.poll()) {
      outputs.push(output);
      if (output.type === 'linkWrite') {
        if (this.writing !== undefined) throw new Error('a second write while the first is not taken');
        this.writing = output.bytes;
      }
      if (output.type === 'linkClose' || output.type === 'idle') this.writing = undefined;
    }
    this.outputs.push(...outputs);
    return outputs;
  }

  /** Frames come from the other end, in one piece. */
  receive(...frames: readonly Frame[]): ConnectionOutput[] {
    return this.feed({ type: 'linkReceived', bytes: bytesOf(...frames) });
  }

  /** The link takes what it was handed last. */
  take(): ConnectionOutput[] {
    if (this.writing === undefined) throw new Error('nothing was handed to the link');
    this.taken.push(this.writing.slice());
    this.writing = undefined;
    return this.feed({ type: 'linkTook' });
  }

  /** The link takes everything. */
  takeAll(): void {
    while (this.writing !== undefined) this.take();
  }

  /** The frames that the link has taken. */
  get sentFrames(): Frame[] {
    return framesIn(concat(this.taken)).frames;
  }

  /** Sends a message of `dataBytes` bytes of data; returns the id of the caller. */
  send(options: SendOptions = {}): number {
    const {
      name = 'n',
      dataBytes = 1,
      onError = RETURN_ON_ERROR,
      waitFor = WAIT_TIL_SENT,
      timeoutMs = 30_000,
    } = options;
    const id = this.#nextId++;
    const bytes = messageFrameBytes(name, new Uint8Array(dataBytes).fill(id));
    this.feed({ type: 'send', id, bytes, onError, waitFor, timeoutMs });
    return id;
  }

  /** The code that a caller got; `undefined`: it still waits. */
  codeOf(id: number): SendCode | undefined {
    const codes = ofType(this.outputs, 'sendDone').filter((output) => output.id === id);
    if (codes.length > 1) throw new Error(`caller ${id} got ${codes.length} answers`);
    return codes[0]?.code;
  }

  /** Lets time go by and feeds the timeouts that fall due on the way. */
  pass(ms: number): void {
    const endMs = this.nowMs + ms;
    for (let rounds = 0; rounds < 1_000; rounds++) {
      const dueMs = this.core.nextTimeoutMs();
      if (dueMs === undefined || dueMs > endMs) {
        this.nowMs = endMs;
        return;
      }
      this.nowMs = Math.max(this.nowMs, dueMs);
      this.feed({ type: 'timeout' });
    }
    throw new Error('the core keeps asking for timeouts that change nothing');
  }
}
