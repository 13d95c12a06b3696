// Goal: whatever programs, stores, links, receivers, clocks and power do, every message that was taken ends in exactly one
// outcome, nothing that was told to be stored is lost, and when the faults end everything comes right by itself. Method: a
// sending core in a world in which fast-check decides what happens next; the judge is support/sending-ledger.ts.

import fc from 'fast-check';
import { describe, it } from 'vitest';
import type { SenderOptions } from '../../src/core/index.js';
import type { Answer } from '../support/model-receiver.js';
import { type CommitEnd, type CrashMoment, SendingWorld } from '../support/sending-world.js';

const RUNS = Number(process.env.HOLDFAST_RUNS ?? 300);

const traits = fc.record(
  {
    ttlMs: fc.constantFrom(30, 500, 100_000),
    coalesceKey: fc.constantFrom('a', 'b'),
    maxAttempts: fc.constantFrom(1, 2),
  },
  { requiredKeys: [] },
);
const sending = fc.record({
  lane: fc.constantFrom('', '', 'fast', 'slow'),
  importance: fc.constantFrom('critical' as const, 'critical' as const, 'high' as const, 'low' as const),
  traits: fc.oneof({ weight: 3, arbitrary: fc.constant({}) }, { weight: 1, arbitrary: traits }),
  extraBytes: fc.oneof({ weight: 9, arbitrary: fc.nat({ max: 40 }) }, { weight: 1, arbitrary: fc.constant(400) }),
});

const step = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('send' as const),
      sendings: fc.array(sending, { minLength: 1, maxLength: 12 }),
    }),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('commit' as const),
      end: fc.constantFrom<CommitEnd>('done', 'done', 'done', 'done', 'failed', 'failedButOnDisk'),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('crash' as const),
      moment: fc.constantFrom<CrashMoment>('before', 'after'),
      downMs: fc.constantFrom(0, 100, 86_400_000),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constant('load' as const), fails: fc.constantFrom(false, false, true) }),
  },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('connect' as const) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('cut' as const) }) },
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('deliver' as const), count: fc.integer({ min: 1, max: 8 }) }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('pass' as const), ms: fc.constantFrom(1, 25, 300, 5_000) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('cancel' as const), pick: fc.nat({ max: 100 }) }) },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('leap' as const),
      ms: fc.constantFrom(-1.8e12, -3_600_000, 60_000, 1e10),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('mute' as const), isMute: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('forget' as const) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('credit' as const), credit: fc.constantFrom(1, 4, 20) }) },
);
type Step = typeof step extends fc.Arbitrary<infer Value> ? Value : never;

const answers = fc.array(
  fc.constantFrom<Answer>('done', 'done', 'done', 'reply', 'reject', 'fail', 'retryLater', 'overloaded', 'silent'),
  { minLength: 1, maxLength: 20 },
);

function take(world: SendingWorld, each: Step): void {
  switch (each.kind) {
    case 'send':
      for (const one of each.sendings) world.send(one);
      world.feed({ type: 'turnEnded' });
      return;
    case 'commit':
      world.endCommit(each.end);
      return;
    case 'crash':
      world.crash(each.moment, each.downMs);
      return;
    case 'load':
      world.endLoad(each.fails);
      return;
    case 'connect':
      world.connect();
      return;
    case 'cut':
      world.cut();
      return;
    case 'deliver':
      world.deliver(each.count);
      return;
    case 'pass':
      world.pass(each.ms);
      return;
    case 'cancel':
      world.cancel(each.pick);
      return;
    case 'leap':
      world.wallLeapMs = each.ms;
      return;
    case 'mute':
      world.receiver.isMute = each.isMute;
      return;
    case 'forget':
      world.receiver.forgetOpening();
      return;
    case 'credit':
      world.receiver.credit = each.credit;
      return;
  }
}

/** Each message draws its answers from the list, one after the other; in the end everything is taken. */
function answersFrom(list: readonly Answer[]): { answer: (text: string) => Answer; heal: () => void } {
  let isHealed = false;
  let index = 0;
  const answer = (): Answer => (isHealed ? 'done' : (list[index++ % list.length] as Answer));
  return {
    answer,
    heal: () => {
      isHealed = true;
    },
  };
}

function run(options: Partial<SenderOptions>, steps: readonly Step[], list: readonly Answer[]): void {
  const { answer, heal } = answersFrom(list);
  const world = new SendingWorld(options, answer);
  for (const each of steps) {
    take(world, each);
    world.expectSound();
  }
  heal();
  if (!world.settle()) throw new Error('it does not come to rest when all faults have ended');
  world.expectSound();
  world.expectOver();
}

describe('a sending half that meets everything at once', () => {
  it.each(['reject', 'wait', 'evict'] as const)(
    'ends every message once and loses nothing, %s when full',
    (whenFull) => {
      const bounds = fc.constantFrom<Partial<SenderOptions>>(
        {},
        { outboxMaxMessages: 8, outboxMaxBytes: 600 },
        { outboxMaxAgeMs: 400 },
        { loadedMaxBytes: 100, windowMaxMessages: 3 },
      );
      fc.assert(
        fc.property(bounds, fc.array(step, { maxLength: 60, size: 'max' }), answers, (options, steps, list) =>
          run({ ...options, whenFull }, steps, list),
        ),
        { numRuns: RUNS },
      );
    },
  );
});
