// Goal: the heap hands out timers as a sorted list would, whatever is set and cleared in between.
// Method: random runs of commands against the queue and against an array that is sorted before each look.

import fc from 'fast-check';
import { expect, it } from 'vitest';
import { type QueuedTimer, TimerQueue } from '../src/timer-queue.js';

const command = fc.oneof(
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('add' as const), dueMs: fc.integer({ min: 0, max: 200 }) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('remove' as const), which: fc.nat() }) },
  { weight: 1, arbitrary: fc.constant({ kind: 'fire' as const }) },
);

it('keeps the order of time, then of insertion', () => {
  fc.assert(
    fc.property(fc.array(command, { maxLength: 300, size: 'max' }), (commands) => {
      const queue = new TimerQueue();
      const everSet: QueuedTimer[] = [];
      let model: QueuedTimer[] = [];
      for (const step of commands) {
        if (step.kind === 'add') {
          const timer = queue.add(step.dueMs, () => undefined);
          everSet.push(timer);
          model.push(timer);
        } else if (step.kind === 'remove') {
          const timer = everSet[step.which % Math.max(1, everSet.length)];
          if (timer !== undefined) queue.remove(timer);
          model = model.filter((other) => other !== timer);
        } else if (queue.first !== undefined) {
          model = model.filter((other) => other !== queue.first);
          queue.remove(queue.first);
        }
        model.sort((one, other) => one.dueMs - other.dueMs || one.order - other.order);
        expect(queue.first).toBe(model[0]);
        expect(queue.size).toBe(model.length);
      }
    }),
  );
});
