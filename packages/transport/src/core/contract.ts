// What goes into a connection and what comes out of it. Both ends use the same machine; a few inputs and outputs belong
// to one role, which is said beside them.

import type { ChannelFrame } from '@holdfast/protocol/core';
import type { CallerResult } from './callers.js';
import type { DisconnectCause } from './disconnect-cause.js';
import type { KeepaliveOptions } from './keepalive.js';
import type { OutgoingOptions } from './outgoing.js';
import type { SendBufferOptions } from './send-buffer.js';
import type { ConnectReason, SendPolicy } from './send-codes.js';

/** Which end of the link a connection is. */
export type ConnectionRole = 'dialing' | 'accepting';

/** The options of a connection, all present and valid. */
export interface ConnectionOptions extends SendBufferOptions, OutgoingOptions, KeepaliveOptions {
  readonly role: ConnectionRole;
  /** Dialing: who says hello. Accepting: empty. */
  readonly deviceId: string;
  /** Dialing: the token in the hello; empty when there is none. */
  readonly token: string;
  /** From the open link to the welcome; dialing: within the time of the attempt. */
  readonly handshakeTimeoutMs: number;
  /** How long a closing end waits for its last bytes to leave. */
  readonly closeTimeoutMs: number;
  /** Accepting: what the welcome says. */
  readonly messageMaxBytes: number;
}

/** What a connection is told. */
export type ConnectionInput =
  /** Dialing: begin an attempt, or take part in the one under way. While closing: begin one when the link is gone. */
  | { readonly type: 'connect'; readonly timeoutMs: number }
  /** Accepting: a link has come. */
  | { readonly type: 'accept' }
  /** Dialing: the link of the attempt is open. */
  | { readonly type: 'linkOpened' }
  /** Dialing: the link of the attempt can not be had. */
  | { readonly type: 'linkFailed'; readonly reason: ConnectReason; readonly detail: string }
  /** The link is gone. */
  | { readonly type: 'linkClosed'; readonly detail: string }
  | { readonly type: 'linkReceived'; readonly bytes: Uint8Array }
  /** The link has taken all bytes of the last `linkWrite`. */
  | { readonly type: 'linkTook' }
  /** Accepting: the device may come in. */
  | { readonly type: 'admit' }
  /** Accepting: it may not. */
  | { readonly type: 'refuse'; readonly code: number; readonly reason: string; readonly retryAfterMs: number }
  /** Say goodbye and close; also gives up an attempt. `CLOSE_CODE.protocolError`: the other end is at fault. */
  | { readonly type: 'disconnect'; readonly code: number; readonly reason: string }
  /** Dialing: give up the attempt under way, if one is. */
  | { readonly type: 'giveUp' }
  /** The link may have died unseen, since the network or the program was away: find out soon. */
  | { readonly type: 'probe' }
  /** The device has lost its power: the link is gone at once, and so is everything that the device knew. */
  | { readonly type: 'powerOff' }
  | SendingInput;

/** What the sending side of a connection is told. */
export type SendingInput =
  | SendInput
  /** A frame of a channel. Nobody waits for it. */
  | { readonly type: 'sendChannelFrame'; readonly bytes: Uint8Array }
  /** A program wants to know when everything it has sent is acknowledged by the server; `id` names it in the `flushDone`. */
  | { readonly type: 'flush'; readonly id: number; readonly timeoutMs: number }
  /** The send buffer may be as large as this. */
  | { readonly type: 'growSendBuffer'; readonly bytes: number }
  /** The program starts again from its top: whoever waits for a result is gone. The connection and the buffer stay. */
  | { readonly type: 'restart' };

/** A program wants to send a message. */
export interface SendInput extends SendPolicy {
  readonly type: 'send';
  /** Names the caller in the `sendDone` that follows. */
  readonly id: number;
  /** A whole message frame. */
  readonly bytes: Uint8Array;
}

/** What a connection wants done, or tells. */
export type ConnectionOutput =
  /** Dialing: open a link. */
  | { readonly type: 'dial' }
  /** Hand these bytes to the link and feed `linkTook` when it has taken them. They stay valid until then. */
  | { readonly type: 'linkWrite'; readonly bytes: Uint8Array }
  /** Close the link: after what was written, or at once. */
  | { readonly type: 'linkClose'; readonly atOnce: boolean }
  /** A send or a flush has its result. */
  | CallerResult
  /** Dialing: the attempt is over. */
  | { readonly type: 'connectDone'; readonly reason: ConnectReason; readonly detail: string }
  /** Accepting: who wants to come in; answer with `admit` or `refuse`. */
  | { readonly type: 'hello'; readonly deviceId: string; readonly token: string }
  /** Frames flow from now on. */
  | { readonly type: 'connected' }
  /** They do not any more; only after `connected`, and once for each. */
  | { readonly type: 'disconnected'; readonly cause: DisconnectCause }
  /** An attempt or a handshake ended before `connected`. */
  | { readonly type: 'ended'; readonly cause: DisconnectCause }
  /** The link is gone, and the last bytes of a connection that was closed have left or are lost. */
  | { readonly type: 'idle' }
  | { readonly type: 'message'; readonly name: string; readonly data: Uint8Array }
  | { readonly type: 'channelFrame'; readonly frame: ChannelFrame }
  /** There is room in the send buffer, and nobody waits for it. */
  | { readonly type: 'writable' };
