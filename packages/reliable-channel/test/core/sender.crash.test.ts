// Goal: the power may go at any moment of a sending half's life. Method: a script of 100 operations is run once for every
// commit in it and every way in which that commit can be cut off; afterwards everything has to come right by itself.

import { seededRandom } from '@holdfast/simulator';
import { describe, expect, it } from 'vitest';
import type { Answer } from '../support/model-receiver.js';
import { SendingWorld } from '../support/sending-world.js';

const OPERATIONS = 100;
/** Before the disk has the commit; when it has it and the core does not know; when the core has heard of it. */
const MOMENTS = ['before', 'during', 'after'] as const;
const LANES = ['', 'fast', 'slow'];
const IMPORTANCES = ['critical', 'critical', 'high', 'low'] as const;
const ANSWERS: readonly Answer[] = ['done', 'done', 'reply', 'done', 'fail', 'done', 'reject', 'silent'];

interface CrashPoint {
  readonly commit: number;
  readonly moment: (typeof MOMENTS)[number];
}

interface Result {
  readonly commits: number;
  readonly crashes: number;
  readonly outcomes: number;
}

/** Runs the script, with the power going at one point of it, if any. */
function runScript(seed: number, point?: CrashPoint): Result {
  const random = seededRandom(seed);
  const draw = <Item>(items: readonly Item[]): Item => items[random() % items.length] as Item;
  let isHealed = false;
  let answers = 0;
  const answer = (): Answer => (isHealed ? 'done' : (ANSWERS[answers++ % ANSWERS.length] as Answer));
  const world = new SendingWorld({ loadedMaxBytes: 200, windowMaxMessages: 6 }, answer);
  let commits = 0;
  let crashes = 0;
  const endCommit = (): void => {
    if (world.commit === undefined) return;
    commits += 1;
    const isHere = point?.commit === commits;
    if (isHere && point.moment !== 'after') world.crash(point.moment === 'before' ? 'before' : 'after', 50);
    else world.endCommit('done');
    if (isHere && point.moment === 'after') world.crash('before', 50);
    if (isHere) crashes += 1;
  };
  for (let operation = 0; operation < OPERATIONS; operation++) {
    const kind = random() % 10;
    if (kind < 4) {
      for (let count = 1 + (random() % 4); count > 0; count--) {
        const traits = random() % 5 === 0 ? { ttlMs: 40, coalesceKey: 'k' } : {};
        world.send({ lane: draw(LANES), importance: draw(IMPORTANCES), traits, extraBytes: random() % 40 });
      }
      world.feed({ type: 'turnEnded' });
    } else if (kind === 4) world.connect();
    else if (kind === 5 && operation % 4 === 0) world.cut();
    else if (kind === 6) world.cancel(random());
    else if (kind === 7) world.pass(30);
    else world.deliver(4);
    if (operation % 2 === 0) endCommit();
    world.endLoad(false);
    world.expectSound();
  }
  isHealed = true;
  if (!world.settle()) throw new Error('it does not come to rest');
  world.expectSound();
  world.expectOver();
  return { commits, crashes, outcomes: [...world.ledger.outcomes.values()].reduce((sum, count) => sum + count, 0) };
}

describe.each([1, 2, 3, 4, 5])('a sending half that runs script %i', (seed) => {
  it('loses nothing and tells nothing twice, whichever commit the power cuts off, before, during and after it', () => {
    const { commits, outcomes } = runScript(seed);
    // A script in which nothing happens would prove nothing.
    expect(commits).toBeGreaterThan(15);
    expect(outcomes).toBeGreaterThan(50);
    for (let commit = 1; commit <= commits; commit++) {
      for (const moment of MOMENTS) {
        let result: Result;
        try {
          result = runScript(seed, { commit, moment });
        } catch (cause) {
          throw new Error(`the power goes ${moment} commit ${commit}: ${String(cause)}`, { cause });
        }
        expect(result.crashes).toBe(1);
      }
    }
  });
});
