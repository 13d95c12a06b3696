// The states of a connection and every way between them. Both ends follow this table; only the first step differs.
//
//   idle         no link. Sends answer NOT_CONNECTED.
//   dialing      the device waits for its link to open.
//   handshaking  the link is open; hello and welcome are on their way.
//   connected    frames flow.
//   closing      the last bytes and a close frame leave; nothing new is taken.
//
// An event that is not in a state's row does not happen there, or is ignored because it comes late.

/** Where a connection is in its life. */
export type ConnectionState = 'idle' | 'dialing' | 'handshaking' | 'connected' | 'closing';

/** What moves a connection from one state to another. */
export type ConnectionEvent = 'connect' | 'accept' | 'linkOpened' | 'welcome' | 'close' | 'lost';

const TRANSITIONS: Readonly<Record<ConnectionState, Partial<Record<ConnectionEvent, ConnectionState>>>> = {
  idle: { connect: 'dialing', accept: 'handshaking' },
  dialing: { linkOpened: 'handshaking', lost: 'idle' },
  handshaking: { welcome: 'connected', close: 'closing', lost: 'idle' },
  connected: { close: 'closing', lost: 'idle' },
  closing: { lost: 'idle' },
};

/** The state behind `event`, or `undefined` when the event has no meaning in `state`. */
export function nextConnectionState(state: ConnectionState, event: ConnectionEvent): ConnectionState | undefined {
  return TRANSITIONS[state][event];
}
