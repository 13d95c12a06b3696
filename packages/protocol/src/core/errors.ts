// The two error classes that users meet. Codes are stable within a major version and listed in docs/errors.md; messages
// may change. What happens in normal life (a send that times out, a message that expires) is a result, not an error.

/** Recognises errors across two installed copies of this package, where `instanceof` would fail. */
const HOLDFAST_ERROR = Symbol.for('holdfast.error');

/** The stable codes of `HoldfastError`. docs/errors.md says for each what happened and what to do. */
export type HoldfastErrorCode =
  | 'AGENT_CLOSED'
  | 'AGENT_NOT_LISTENING'
  | 'AUTHENTICATE_REQUIRED'
  | 'CHANNEL_CLOSED'
  | 'CHANNEL_EXISTS'
  | 'DATA_NOT_SERIALISABLE'
  | 'DATA_UNSAFE_KEY'
  | 'DEAD_LETTER_UNKNOWN'
  | 'HEADERS_TOO_LARGE'
  | 'LISTEN_FAILED'
  | 'MESSAGE_GIVEN_UP'
  | 'MESSAGE_TOO_LARGE'
  | 'NAME_TOO_LONG'
  | 'OUTBOX_FULL'
  | 'OUTBOX_MISSING'
  | 'PLAINTEXT_REFUSED'
  | 'PROGRAM_ENDED'
  | 'STORE_FAILED'
  | 'STORE_FORMAT_UNKNOWN'
  | 'STORE_LOCKED'
  | 'STORE_UNAVAILABLE'
  | 'TABS_UNAVAILABLE'
  | 'TOO_MANY_DEVICES'
  | 'TOO_MANY_LANES'
  | 'TOO_MANY_SENDS'
  | 'TRANSACTION_REFUSED';

/** An error with a stable `code`; the message says what happened and what to do. */
export class HoldfastError extends Error {
  override readonly name: string = 'HoldfastError';
  /** Stable within a major version. */
  readonly code: string;

  constructor(code: HoldfastErrorCode | ProtocolErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.code = code;
    Object.defineProperty(this, HOLDFAST_ERROR, { value: true });
  }
}

/** The stable codes of `ProtocolError`: what can be wrong with bytes from the other end. */
export type ProtocolErrorCode =
  | 'DATA_MALFORMED'
  | 'DATA_TOO_DEEP'
  | 'DATA_UNSAFE_KEY'
  | 'FRAME_MALFORMED'
  | 'FRAME_TOO_LARGE'
  | 'FRAME_TRAILING_BYTES'
  | 'FRAME_TRUNCATED'
  | 'FRAME_UNEXPECTED'
  | 'FRAME_UNKNOWN_TYPE'
  | 'VERSION_UNSUPPORTED';

/** Bytes that break the protocol. The connection they came on is closed with `code` and `message` as the reason. */
export class ProtocolError extends HoldfastError {
  override readonly name = 'ProtocolError';
  override readonly code: ProtocolErrorCode;

  constructor(code: ProtocolErrorCode, message: string) {
    super(code, message);
    this.code = code;
  }
}

/** Whether `error` came from any installed copy of Holdfast, so that its `code` can be relied on. */
export function isHoldfastError(error: unknown): error is HoldfastError {
  return typeof error === 'object' && error !== null && HOLDFAST_ERROR in error;
}
