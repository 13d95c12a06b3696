// The three ways by which the demo sends the same readings.

/** One of the three ways; the names are those of the ledger in JSON. */
export type WayName = 'waitTilSent' | 'waitForAck' | 'reliableChannel';

/** The ways in the order in which they are shown. */
export const WAY_NAMES: readonly WayName[] = ['waitTilSent', 'waitForAck', 'reliableChannel'];

/** How each way is called, for people. */
export const WAY_TITLE: Readonly<Record<WayName, string>> = {
  waitTilSent: 'send, WAIT_TIL_SENT',
  waitForAck: 'send, WAIT_FOR_ACK',
  reliableChannel: 'reliable channel',
};
