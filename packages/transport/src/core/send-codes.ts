// The values that programs meet: send codes, connect reasons, policies. Numbers and names are impOS's
// (developer.electricimp.com/api/server), so that device code reads as it did there.

/** All bytes are in the send buffer (WAIT_TIL_SENT), or the server has acknowledged them (WAIT_FOR_ACK). */
export const SEND_OK = 0;
/** There was no connection when `send` was called. */
export const NOT_CONNECTED = 1;
/** The timeout ran out, and RETURN_ON_ERROR has dropped the connection. The message may or may not have arrived. */
export const TIMEOUT = 2;
/** The connection was lost before the send was done. */
export const DISCONNECTED = 3;
/** The message does not fit in the send buffer now; nothing of it was taken. */
export const WOULDBLOCK = 4;

/** What `send` answers: 0 for success, else why not. */
export type SendCode = typeof SEND_OK | typeof NOT_CONNECTED | typeof TIMEOUT | typeof DISCONNECTED | typeof WOULDBLOCK;

/** Success means: the data is in the send buffer. No promise that it arrives. */
export const WAIT_TIL_SENT = 'WAIT_TIL_SENT';
/** Success means: the server has received the data. No promise that the agent handles it. */
export const WAIT_FOR_ACK = 'WAIT_FOR_ACK';

/** What a send waits for. impOS's numeric values were never printed, so ours are words. */
export type WaitFor = typeof WAIT_TIL_SENT | typeof WAIT_FOR_ACK;

/**
 * On an error the program stands still and the connection is made again; then the send is made again too. Its caller never
 * sees an error.
 */
export const SUSPEND_ON_ERROR = 'SUSPEND_ON_ERROR';
/**
 * On an error the send answers with a code. A timeout costs the connection. A lost connection comes back by itself for a
 * minute; afterwards only `connect` brings it back.
 */
export const RETURN_ON_ERROR = 'RETURN_ON_ERROR';
/** The same, but no send costs the connection: a message that does not fit now is answered with `WOULDBLOCK` at once. */
export const RETURN_ON_ERROR_NO_DISCONNECT = 'RETURN_ON_ERROR_NO_DISCONNECT';

/** What happens on an error. */
export type OnError = typeof SUSPEND_ON_ERROR | typeof RETURN_ON_ERROR | typeof RETURN_ON_ERROR_NO_DISCONNECT;

/** What a send is made under. */
export interface SendPolicy {
  readonly onError: OnError;
  readonly waitFor: WaitFor;
  /** From the call to its result; under SUSPEND_ON_ERROR for each time that the send is made. */
  readonly timeoutMs: number;
}

/** Why `connect` ended as it did, with impOS's numbers. */
export const CONNECT_REASON = {
  /** The attempt was given up by `disconnect`. */
  notConnected: 0,
  /** No network: the interface is down or there is no route. */
  noLink: 1,
  /** No address on the network. */
  noIpAddress: 2,
  /** The server's name does not resolve. */
  notResolved: 3,
  /** Nobody answered at the server's address, or not in time. */
  noServer: 4,
  /** Connected. */
  connected: 5,
  /** The proxy on the way does not answer. */
  noProxy: 6,
  /** The server refused this device: unknown id, wrong token, other protocol version. Or a proxy did. */
  notAuthorised: 7,
  /** The cellular modem does not answer. */
  noModem: 8,
  /** There is no SIM, or it does not work. */
  simError: 9,
  /** The cellular network has not let the device in yet. */
  noRegistration: 10,
  /** The cellular network does not let the device in. */
  registrationDenied: 11,
  /** The cellular network gives no data connection. The number is likely, not confirmed. */
  noPppConnection: 12,
} as const;

/** A value of `CONNECT_REASON`. */
export type ConnectReason = (typeof CONNECT_REASON)[keyof typeof CONNECT_REASON];
