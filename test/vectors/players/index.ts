// Which player runs which file of vectors.

import { playAckRanges, playBackoff, playRoundTrip } from './arithmetic.js';
import { playConnection, playInbox, playRecovery } from './machines.js';
import type { CreatePlayer } from './player.js';
import { playOutbox, playRetrySchedule, playSendBuffer, playWindow } from './sending.js';

/** The players by the name of the core. */
export const PLAYERS: Readonly<Record<string, CreatePlayer>> = {
  'ack-ranges': playAckRanges,
  backoff: playBackoff,
  'connection-states': playConnection,
  inbox: playInbox,
  outbox: playOutbox,
  policies: playConnection,
  recovery: playRecovery,
  'retry-schedule': playRetrySchedule,
  'round-trip': playRoundTrip,
  'send-buffer': playSendBuffer,
  window: playWindow,
};
