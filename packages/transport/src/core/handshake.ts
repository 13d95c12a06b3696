// The first frames of a connection: what they mean to the end that gets them. The device says hello; the server answers
// with a welcome, or with a refuse frame and a closed link. Nothing else belongs here, and nothing else is let through.

import { type Frame, PROTOCOL_VERSION, ProtocolError, REFUSE_CODE } from '@holdfast/protocol/core';
import type { ConnectionOptions, ConnectionOutput } from './contract.js';
import type { DisconnectCause } from './disconnect-cause.js';

/** What a frame of the handshake asks for. */
export type HandshakeStep =
  /** Dialing: the server lets this device in. */
  | { readonly type: 'welcomed' }
  /** Hand this on: accepting, that somebody wants in; the owner decides. */
  | { readonly type: 'tell'; readonly output: ConnectionOutput }
  /** Accepting: keep it out without asking. */
  | { readonly type: 'refuse'; readonly code: number; readonly reason: string }
  /** The other end closes the link. */
  | { readonly type: 'over'; readonly cause: DisconnectCause }
  /** The other end does not keep to the protocol. */
  | { readonly type: 'wrong'; readonly error: ProtocolError };

/** The handshake of one connection. */
export class Handshake {
  readonly #options: ConnectionOptions;
  /** Accepting: a hello of our version has come and waits for the owner's answer. */
  #helloSeen = false;

  constructor(options: ConnectionOptions) {
    this.#options = options;
  }

  /** Accepting: whether somebody waits to be let in. */
  get isAsked(): boolean {
    return this.#helloSeen;
  }

  /** What the device says first. */
  hello(): Frame {
    const { deviceId, token } = this.#options;
    return { type: 'hello', version: PROTOCOL_VERSION, deviceId, token };
  }

  /** What the server answers to let the device in. */
  welcome(): Frame {
    return { type: 'welcome', version: PROTOCOL_VERSION, messageMaxBytes: this.#options.messageMaxBytes };
  }

  /** What the server answers to keep it out. */
  refusal(code: number, reason: string, retryAfterMs: number): Frame {
    const versions = { versionMin: PROTOCOL_VERSION, versionMax: PROTOCOL_VERSION };
    return { type: 'refuse', code, retryAfterMs, ...versions, reason };
  }

  /** A frame that came before this end was connected. */
  onFrame(frame: Frame): HandshakeStep {
    const isDialing = this.#options.role === 'dialing';
    if (frame.type === 'close') {
      return { type: 'over', cause: { kind: 'closedByPeer', detail: frame.reason, code: frame.code } };
    }
    if (isDialing && frame.type === 'welcome') {
      return frame.version === PROTOCOL_VERSION ? { type: 'welcomed' } : wrongVersion(frame.version);
    }
    if (isDialing && frame.type === 'refuse') {
      const { code, reason, retryAfterMs } = frame;
      const detail = `the server refused this device: ${reason}`;
      return { type: 'over', cause: { kind: 'refused', detail, code, retryAfterMs } };
    }
    if (!isDialing && frame.type === 'hello' && !this.#helloSeen) {
      if (frame.version !== PROTOCOL_VERSION) {
        const reason = `protocol version ${frame.version} is not spoken here, version ${PROTOCOL_VERSION} is`;
        return { type: 'refuse', code: REFUSE_CODE.versionUnsupported, reason };
      }
      this.#helloSeen = true;
      return { type: 'tell', output: { type: 'hello', deviceId: frame.deviceId, token: frame.token } };
    }
    const message = `a ${frame.type} frame does not belong into the handshake`;
    return { type: 'wrong', error: new ProtocolError('FRAME_UNEXPECTED', message) };
  }
}

function wrongVersion(version: number): HandshakeStep {
  const message = `the server answered in protocol version ${version}, not ${PROTOCOL_VERSION}`;
  return { type: 'wrong', error: new ProtocolError('VERSION_UNSUPPORTED', message) };
}
