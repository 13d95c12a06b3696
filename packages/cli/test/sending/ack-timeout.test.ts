import type { ChannelEvent, ReliableChannel } from '@holdfast/reliable-channel';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { watchAcks } from '../../src/sending/ack-timeout.js';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** A channel of which only the numbers and events matter. */
function rig(outboxMessages: number) {
  let waiting = outboxMessages;
  let observer: (event: ChannelEvent) => void = () => {};
  const channel = {
    stats: () => ({ outboxMessages: waiting }),
    observe: (added: typeof observer) => {
      observer = added;
      return () => {
        observer = () => {};
      };
    },
  } as unknown as ReliableChannel;
  const expired = vi.fn();
  const stop = watchAcks(channel, 1_000, expired);
  const tell = (type: 'stored' | 'acknowledged', nowWaiting: number): void => {
    waiting = nowWaiting;
    observer({ type, lane: '', first: 1, last: 1 });
  };
  return { expired, stop, tell };
}

it('expires once when nothing is acknowledged', () => {
  const { expired } = rig(1);
  vi.advanceTimersByTime(999);
  expect(expired).not.toHaveBeenCalled();
  vi.advanceTimersByTime(10_000);
  expect(expired).toHaveBeenCalledTimes(1);
});

it('begins anew with every acknowledgement, and not with new messages', () => {
  const { expired, tell } = rig(2);
  vi.advanceTimersByTime(900);
  tell('acknowledged', 1);
  vi.advanceTimersByTime(900);
  tell('stored', 2);
  expect(expired).not.toHaveBeenCalled();
  vi.advanceTimersByTime(100);
  expect(expired).toHaveBeenCalledTimes(1);
});

it('waits for nothing while the outbox is empty', () => {
  const { expired, tell } = rig(0);
  vi.advanceTimersByTime(5_000);
  tell('stored', 1);
  vi.advanceTimersByTime(900);
  tell('acknowledged', 0);
  vi.advanceTimersByTime(5_000);
  expect(expired).not.toHaveBeenCalled();
  tell('stored', 1);
  vi.advanceTimersByTime(1_000);
  expect(expired).toHaveBeenCalledTimes(1);
});

it('can be ended', () => {
  const { expired, stop } = rig(1);
  stop();
  vi.advanceTimersByTime(5_000);
  expect(expired).not.toHaveBeenCalled();
});
