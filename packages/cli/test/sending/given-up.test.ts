import { expect, it } from 'vitest';
import { type GivenUpCounts, givenUp } from '../../src/sending/given-up.js';

const NONE: GivenUpCounts = {
  acknowledgedMessages: 7,
  rejectedMessages: 0,
  expiredMessages: 0,
  evictedMessages: 0,
  droppedDeadLetters: 0,
};
const SEE = '; see holdfast outbox ls --outbox ./box';

it.each<[string | undefined, Partial<GivenUpCounts>]>([
  [undefined, {}],
  [`1 of 8 messages was refused${SEE}`, { rejectedMessages: 1 }],
  [`1 of 1 message was refused${SEE}`, { rejectedMessages: 1, acknowledgedMessages: 0 }],
  [`3 of 10 messages were refused${SEE}`, { rejectedMessages: 3 }],
  [`2 of 10 messages were refused, 1 was too late${SEE}`, { rejectedMessages: 2, expiredMessages: 1 }],
  [`2 of 9 messages were too late${SEE}`, { expiredMessages: 2 }],
  ['2 of 9 messages were lost in the outbox', { evictedMessages: 2 }],
  [
    `5 of 12 messages were refused${SEE}, where 4 made room for later ones`,
    { rejectedMessages: 5, droppedDeadLetters: 4 },
  ],
])('says %j', (text, counts) => {
  expect(givenUp({ ...NONE, ...counts }, './box')).toBe(text);
});
