import { describe, expect, it } from 'vitest';
import type { AgentEvent } from '../src/events.js';
import { Handlers } from '../src/handlers.js';
import { reject, retryLater } from '../src/index.js';
import { PlainMessages } from '../src/plain-messages.js';
import { deferred } from './support/rig.js';

const LIMITS = {
  agentQueueMaxMessages: 3,
  agentQueueMaxBytes: 100,
  deviceQueueMaxMessages: 3,
  deviceQueueMaxBytes: 50,
  runtime: { nowMs: () => 700 },
};
const SMALL = { bytes: 1, otherCount: 0 };

function setUp() {
  const handlers = new Handlers();
  const events: AgentEvent[] = [];
  const counts: number[] = [];
  const plain: PlainMessages = new PlainMessages(LIMITS, handlers, {
    emit: (event) => events.push(event),
    queueChanged: () => counts.push(plain.waitingCount),
  });
  return { handlers, events, counts, plain };
}

describe('PlainMessages', () => {
  it('are handled at once when nothing is before them, without a promise', () => {
    const { handlers, plain } = setUp();
    const got: unknown[] = [];
    handlers.set('a', (data) => got.push(data));
    plain.offer('d', { name: 'a', data: 1 }, SMALL);
    expect(got).toEqual([1]);
    expect([plain.receivedCount, plain.handledCount, plain.waitingCount, plain.runningCount]).toEqual([1, 1, 0, 0]);
  });

  it('tell how many wait whenever that changes', async () => {
    const { handlers, plain, counts } = setUp();
    const work = deferred();
    handlers.set('a', () => work.promise);
    for (const data of [1, 2, 3]) plain.offer('d', { name: 'a', data }, SMALL);
    expect(counts).toEqual([0, 1, 2]);
    expect(plain.runningCount).toBe(1);
    work.resolve();
    await expect.poll(() => plain.handledCount).toBe(3);
    expect(counts.at(-1)).toBe(0);
  });

  it('are gone when their handler refuses them, or asks for them later, and are counted', () => {
    const { handlers, plain, events } = setUp();
    handlers.set('a', (data) => {
      throw data === 1 ? reject('no') : retryLater(100);
    });
    for (const data of [1, 2]) plain.offer('d', { name: 'a', data }, SMALL);
    expect(plain.dropped).toMatchObject({ rejected: 1, retryLater: 1, handlerFailed: 0 });
    expect(events.map((event) => event.type)).toEqual(['messageDropped', 'messageDropped']);
    expect(plain.handledCount).toBe(0);
  });

  it('know how much waits, and since when', () => {
    const { handlers, plain } = setUp();
    expect([plain.waitingBytes, plain.waitingSinceMs]).toEqual([0, undefined]);
    handlers.set('a', () => new Promise(() => {}));
    for (const data of [1, 2]) plain.offer('d', { name: 'a', data }, { bytes: 20, otherCount: 0 });
    expect([plain.waitingBytes, plain.waitingSinceMs]).toEqual([20, 700]);
  });

  it('share the limit with what else waits', () => {
    const { plain, events } = setUp();
    plain.offer('d', { name: 'a', data: 1 }, { bytes: 1, otherCount: 3 });
    expect(events).toEqual([{ type: 'messageDropped', device: 'd', name: 'a', reason: 'overloaded' }]);
  });

  it('that come while paused are dropped one by one, those that wait all at once', () => {
    const { handlers, plain, events } = setUp();
    handlers.set('a', () => new Promise(() => {}));
    for (const data of [1, 2, 3]) plain.offer('d', { name: 'a', data }, SMALL);
    plain.pause();
    plain.offer('d', { name: 'a', data: 4 }, SMALL);
    expect(plain.dropped).toMatchObject({ overloaded: 0, restarting: 3, noHandler: 0, handlerFailed: 0 });
    expect(events).toHaveLength(1);
    plain.resume();
    plain.offer('d', { name: 'a', data: 5 }, SMALL);
    expect(plain.waitingCount).toBe(1);
  });
});
