import { describe, expect, it } from 'vitest';
import { AgentQueue } from '../../src/core/index.js';

const LIMITS = {
  agentQueueMaxMessages: 6,
  agentQueueMaxBytes: 60,
  deviceQueueMaxMessages: 4,
  deviceQueueMaxBytes: 40,
};

function size(bytes: number, otherCount = 0) {
  return { bytes, otherCount };
}

/** How many of ten messages of this size one device gets in. */
function taken(queue: AgentQueue<number>, device: string, bytes: number): number {
  let count = 0;
  for (let n = 1; n <= 10; n++) if (queue.offer(device, n, size(bytes), 0) !== 'full') count += 1;
  return count;
}

describe('AgentQueue', () => {
  it('keeps the order of each device', () => {
    const queue = new AgentQueue<string>(LIMITS);
    for (const message of ['a1', 'b1', 'a2']) queue.offer(message[0] as string, message, size(1), 0);
    expect([queue.take('a'), queue.take('b'), queue.take('a'), queue.take('a')]).toEqual(['a1', 'b1', 'a2', undefined]);
  });

  it('says which message is the first of its device: whoever offers it runs the handler', () => {
    const queue = new AgentQueue<number>(LIMITS);
    expect(queue.offer('a', 1, size(1), 0)).toBe('takenFirst');
    expect(queue.offer('a', 2, size(1), 0)).toBe('taken');
    queue.take('a');
    queue.take('a');
    // The second one is with the handler now.
    expect(queue.offer('a', 3, size(1), 0)).toBe('taken');
    queue.take('a');
    expect(queue.take('a')).toBeUndefined();
    expect(queue.offer('a', 4, size(1), 0)).toBe('takenFirst');
  });

  it('takes so many messages of one device, and of all, and not one more', () => {
    const queue = new AgentQueue<number>(LIMITS);
    expect([taken(queue, 'a', 1), taken(queue, 'b', 1), taken(queue, 'c', 1)]).toEqual([4, 2, 0]);
    queue.take('a');
    expect(taken(queue, 'c', 1)).toBe(1);
    expect(queue.count).toBe(6);
  });

  it('takes so many bytes of one device, and of all, and not one more', () => {
    const queue = new AgentQueue<number>(LIMITS);
    expect([taken(queue, 'a', 20), taken(queue, 'b', 20), taken(queue, 'c', 1)]).toEqual([2, 1, 0]);
    queue.take('a');
    expect(queue.offer('c', 1, size(21), 0)).toBe('full');
    expect(queue.offer('c', 1, size(20), 0)).toBe('takenFirst');
  });

  it('counts what else is held', () => {
    const queue = new AgentQueue<number>(LIMITS);
    expect(queue.offer('a', 1, size(1, 6), 0)).toBe('full');
    expect(queue.offer('a', 1, size(1, 5), 0)).toBe('takenFirst');
  });

  it('drops everything at once and has its room back', () => {
    const queue = new AgentQueue<number>(LIMITS);
    taken(queue, 'a', 10);
    taken(queue, 'b', 10);
    expect(queue.clear()).toBe(6);
    expect(queue.count).toBe(0);
    // A handler may still run for these devices.
    expect(queue.offer('a', 1, size(40), 0)).toBe('taken');
    expect(queue.take('b')).toBeUndefined();
    expect(queue.offer('b', 1, size(20), 0)).toBe('takenFirst');
  });
});
