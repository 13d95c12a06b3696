// What is said of messages that ended without having been handled.

import type { ChannelStats } from '@holdfast/reliable-channel';

/** What a run has to look at. */
export type GivenUpCounts = Pick<
  ChannelStats,
  'acknowledgedMessages' | 'rejectedMessages' | 'expiredMessages' | 'evictedMessages' | 'droppedDeadLetters'
>;

/**
 * `2 of 10 messages were refused, 1 was too late; see ...`: how many messages were given up, why, and where they are now; `undefined`
 * when all that ended were handled.
 *
 * @param outbox - the folder, as the command line has it
 */
export function givenUp(counts: GivenUpCounts, outbox: string): string | undefined {
  const { acknowledgedMessages, rejectedMessages, expiredMessages, evictedMessages, droppedDeadLetters } = counts;
  const dead = rejectedMessages + expiredMessages;
  const total = acknowledgedMessages + dead + evictedMessages;
  if (total === acknowledgedMessages) return undefined;
  const parts = [
    part(rejectedMessages, 'refused'),
    part(expiredMessages, 'too late'),
    part(evictedMessages, 'lost in the outbox'),
  ].filter((text) => text !== '');
  const first = `${parts[0]?.replace(/ /, ` of ${total} message${total === 1 ? ' ' : 's '}`)}`;
  const dropped = droppedDeadLetters === 0 ? '' : `, where ${droppedDeadLetters} made room for later ones`;
  const where = dead === 0 ? '' : `; see holdfast outbox ls --outbox ${outbox}${dropped}`;
  return `${[first, ...parts.slice(1)].join(', ')}${where}`;
}

function part(count: number, what: string): string {
  return count === 0 ? '' : `${count} ${count === 1 ? 'was' : 'were'} ${what}`;
}
