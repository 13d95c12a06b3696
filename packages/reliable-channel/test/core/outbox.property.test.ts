import fc from 'fast-check';
import { it } from 'vitest';
import { type CommitEnd, OutboxModel } from '../support/outbox-model.js';

const step = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('collect' as const),
      sizes: fc.array(fc.nat({ max: 90 }), { minLength: 1, maxLength: 9 }),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('commit' as const),
      end: fc.constantFrom<CommitEnd>('done', 'done', 'done', 'failed', 'failedButOnDisk', 'crashBefore', 'crashAfter'),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('settle' as const),
      picks: fc.array(fc.boolean(), { minLength: 1, maxLength: 5 }),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('load' as const) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('renew' as const) }) },
);

it('an outbox loses nothing and sends nothing that is not stored, whatever commits and crashes do', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      const model = new OutboxModel();
      for (const each of steps) {
        if (each.kind === 'collect') for (const size of each.sizes) model.collect(size);
        else if (each.kind === 'commit') model.commit(each.end);
        else if (each.kind === 'settle') model.settle(each.picks);
        else if (each.kind === 'load') model.load();
        else model.outbox.renew('00000000000000bb');
        model.expectSound();
      }
      model.expectDrains();
    }),
    { numRuns: 500 },
  );
});
