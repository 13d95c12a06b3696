// Every bound that the protocol itself puts on what a peer can send. Each is checked where bytes come in (decoder) and
// where they go out (encoder). docs/protocol.md repeats this table; a test compares the two.

/** The protocol version that this code speaks. */
export const PROTOCOL_VERSION = 1;

/**
 * Name plus data of one message, in bytes. Electric Imp's agents refuse more than 256 KB
 * (developer.electricimp.com/api/agent/send).
 */
export const MESSAGE_MAX_BYTES = 262_144;

/** A whole frame without its length field, in bytes: the largest message, its headers, and room for what is around it. */
export const FRAME_MAX_BYTES = MESSAGE_MAX_BYTES + 4_096;

/** A frame before the welcome, in bytes: strangers get little memory. */
export const HANDSHAKE_FRAME_MAX_BYTES = 4_096;

/** The name of a message in UTF-8, in bytes. */
export const NAME_MAX_BYTES = 255;

/** The name of a lane in UTF-8, in bytes. */
export const LANE_MAX_BYTES = 64;

/** A device id in UTF-8, in bytes. */
export const DEVICE_ID_MAX_BYTES = 128;

/** A token in UTF-8, in bytes. */
export const TOKEN_MAX_BYTES = 2_048;

/** A reason in a refuse, close or nack frame in UTF-8, in bytes. Longer ones are cut by the sender. */
export const REASON_MAX_BYTES = 255;

/** Lanes of one channel, in one epoch. */
export const LANES_MAX = 256;

/** The headers of one message, names and values together, in UTF-8, in bytes. */
export const HEADERS_MAX_BYTES = 1_024;

/** Headers of one message. */
export const HEADERS_MAX = 16;

/** The value that a handler answers with, as MessagePack, in bytes. */
export const REPLY_MAX_BYTES = 65_536;

/** Results in one frame. Its sender begins another frame, too, before the replies go beyond `REPLY_MAX_BYTES` together. */
export const RESULTS_MAX = 256;

/** Messages in one data frame. */
export const DATA_MESSAGES_MAX = 1_024;

/**
 * Ranges in one ack or opened frame, of all its lanes together. A receiver with more says the lowest ones: it loses nothing,
 * the rest is sent again.
 */
export const ACK_RANGES_MAX = 256;

/** How deep arrays and maps may nest in a message's data. */
export const NESTING_MAX_DEPTH = 32;
