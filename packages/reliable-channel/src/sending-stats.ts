// Where a sending half stands, for those who look at it.

import type { SendingStats } from './channel-events.js';
import type { Sender } from './core/index.js';
import type { Tally } from './tally.js';

/** Where a sending half stands at `nowMs`. */
export function sendingStats(sender: Sender, tally: Tally, nowMs: number): SendingStats {
  const { ids, bytes: deadLetterBytes, dropped } = sender.deadLetters;
  const lanes = [...sender.lanes].map(({ name, nextSequence, messageCount }) => {
    return { lane: name, nextSequence, messages: messageCount };
  });
  return {
    state: sender.state,
    nextSequence: sender.nextSequence(''),
    outboxMessages: sender.backlog.messages,
    outboxBytes: sender.backlog.bytes,
    oldestAgeMs: sender.oldestAgeMs(nowMs),
    lanes,
    inFlightMessages: sender.inFlight,
    roundTripMs: sender.roundTripMs,
    deadLetters: ids.length,
    deadLetterBytes,
    attempts: sender.attempts,
    droppedDeadLetters: dropped,
    ...tally.counts(),
  };
}
