// The frames of protocol version 1 as plain objects. How each looks in bytes is in frame-encoder.ts and
// frame-decoder.ts, and for other languages in docs/protocol.md. Numbers never wrap: sequence numbers are below 2^53.

import type { RangeList } from './ack-ranges.js';

/** The first byte of every frame, behind its length. */
export const FRAME_TYPE = {
  hello: 0x01,
  welcome: 0x02,
  refuse: 0x03,
  message: 0x04,
  serverAck: 0x05,
  ping: 0x06,
  pong: 0x07,
  close: 0x08,
  open: 0x10,
  opened: 0x11,
  data: 0x12,
  ack: 0x13,
  nack: 0x14,
  results: 0x15,
} as const;

/** Why a hello was refused. */
export const REFUSE_CODE = {
  versionUnsupported: 1,
  unauthorised: 2,
  overloaded: 3,
  shuttingDown: 4,
} as const;

/** Why an end closes a connection. */
export const CLOSE_CODE = {
  normal: 0,
  protocolError: 1,
  replaced: 2,
  keepaliveTimeout: 3,
  shuttingDown: 4,
  sendTimeout: 5,
} as const;

/** Why a receiver dropped messages that it will take later. */
export const NACK_CODE = {
  notOpen: 1,
  overloaded: 2,
  restarting: 3,
  handlerFailed: 4,
  noHandler: 5,
  retryLater: 6,
} as const;

/** What a handler answered beyond "done". */
export const RESULT_KIND = {
  reply: 1,
  rejected: 2,
} as const;

/** A value of one of the code tables above. */
export type CodeOf<Table> = Table[keyof Table];

/** Device to server, the first frame: who I am and which version I speak. */
export interface HelloFrame {
  readonly type: 'hello';
  readonly version: number;
  /** Empty when `version` is not one that this code speaks: the rest of the frame is not looked at then. */
  readonly deviceId: string;
  /** Empty when the device has none. */
  readonly token: string;
}

/** Server to device: come in. */
export interface WelcomeFrame {
  readonly type: 'welcome';
  readonly version: number;
  /** Name plus data of one message that this server takes, in bytes. */
  readonly messageMaxBytes: number;
}

/** Server to device: stay out. The connection is closed behind it. */
export interface RefuseFrame {
  readonly type: 'refuse';
  readonly code: number;
  /** Do not dial again earlier than this. 0: no wish. */
  readonly retryAfterMs: number;
  readonly versionMin: number;
  readonly versionMax: number;
  readonly reason: string;
}

/** Either way: a plain message, at most once. */
export interface MessageFrame {
  readonly type: 'message';
  readonly name: string;
  /** The data as MessagePack. */
  readonly data: Uint8Array;
}

/** The server ack: how many message frames were received on this connection since the welcome. */
export interface ServerAckFrame {
  readonly type: 'serverAck';
  readonly count: number;
}

/** Are you there? The other end answers with a pong of the same nonce. */
export interface PingFrame {
  readonly type: 'ping';
  readonly nonce: number;
}

/** I am here. */
export interface PongFrame {
  readonly type: 'pong';
  readonly nonce: number;
}

/** The last frame of an end that closes the connection on purpose. */
export interface CloseFrame {
  readonly type: 'close';
  readonly code: number;
  readonly reason: string;
}

/** Sending half to receiving half: these are my numberings, one for each lane; below `floor` I will never send again. */
export interface OpenFrame {
  readonly type: 'open';
  /** 8 random bytes as 16 hex digits. */
  readonly epoch: string;
  /** Each lane at most once. A lane that is missing has the floor 1. */
  readonly lanes: readonly LaneFloor[];
}

/** Below `floor` the sender will never send again in this lane, and it knows how all of that ended. */
export interface LaneFloor {
  readonly lane: string;
  readonly floor: number;
}

/** Receiving half to sending half: this is what I have handled of your epoch. */
export interface OpenedFrame {
  readonly type: 'opened';
  readonly epoch: string;
  /** Messages that may be in flight, in all lanes together. */
  readonly credit: number;
  /** Each lane at most once. Of a lane that is missing nothing has been handled. */
  readonly lanes: readonly LaneHandled[];
}

/** What has been handled and recorded of one lane. */
export interface LaneHandled {
  readonly lane: string;
  readonly handled: RangeList;
}

/** A run of messages of one lane with consecutive sequence numbers. */
export interface DataFrame {
  readonly type: 'data';
  readonly epoch: string;
  readonly lane: string;
  /** As in `open`: the receiver may forget the gaps and the results below it. */
  readonly floor: number;
  /** The lane's nearest earlier message that is not settled, to be handled before these; 0: there is none. */
  readonly after: number;
  /** The sequence number of the first message; each further one is one more. */
  readonly first: number;
  /** How often the first message has been sent, this time included. */
  readonly attempt: number;
  /** How many messages `entries` holds. */
  readonly count: number;
  /** The messages in bytes, as `encodeEntry` wrote them, one behind the other. */
  readonly entries: Uint8Array;
}

/** The agent ack: what has been handled and recorded of one lane. */
export interface AckFrame extends LaneHandled {
  readonly type: 'ack';
  readonly epoch: string;
  /** Messages that may be in flight, in all lanes together. */
  readonly credit: number;
}

/**
 * What handlers answered: each message in it has been handled and recorded, with a reply or a refusal for good. It comes
 * before every `ack` and `opened` that names the same message, and again until the sender's floor is above it.
 */
export interface ResultsFrame {
  readonly type: 'results';
  readonly epoch: string;
  readonly lane: string;
  /** Ascending by sequence number. */
  readonly results: readonly MessageResult[];
}

/** How the handling of one message ended, when there is more to say than "done". */
export type MessageResult =
  /** MessagePack. */
  | { readonly sequence: number; readonly kind: 'reply'; readonly value: Uint8Array }
  | { readonly sequence: number; readonly kind: 'rejected'; readonly reason: string };

/** The receiver has dropped every message of `lane` from `from` on that it had not begun. Send them again, later. */
export interface NackFrame {
  readonly type: 'nack';
  readonly epoch: string;
  readonly code: number;
  readonly lane: string;
  readonly from: number;
  /** Not earlier than this. 0: as the sender's own schedule says. */
  readonly retryAfterMs: number;
  readonly reason: string;
}

/** The frames that the transport carries for a channel and does not look into. */
export type ChannelFrame = OpenFrame | OpenedFrame | DataFrame | AckFrame | NackFrame | ResultsFrame;

/** Every frame of version 1. */
export type Frame =
  | HelloFrame
  | WelcomeFrame
  | RefuseFrame
  | MessageFrame
  | ServerAckFrame
  | PingFrame
  | PongFrame
  | CloseFrame
  | ChannelFrame;

/** Whether a frame belongs to a channel. */
export function isChannelFrame(frame: Frame): frame is ChannelFrame {
  switch (frame.type) {
    case 'open':
    case 'opened':
    case 'data':
    case 'ack':
    case 'nack':
    case 'results':
      return true;
    default:
      return false;
  }
}
