import { beforeEach, describe, expect, it } from 'vitest';
import { Window, WindowBudget } from '../../src/core/index.js';

describe('a window', () => {
  let budget: WindowBudget;
  let window: Window;

  beforeEach(() => {
    budget = new WindowBudget({ windowMaxMessages: 10, windowMaxBytes: 100 });
    budget.setCredit(8);
    window = new Window(budget);
  });

  function send(first: number, last: number, bytes = 10, sentAtMs = 0, sentOnce = true): void {
    window.onSent({ first, last, bytes, sentAtMs, sentOnce });
  }

  it('has room for the smaller of its own bound and the credit', () => {
    expect(budget.roomMessages).toBe(8);
    budget.setCredit(100);
    expect(budget.roomMessages).toBe(10);
    budget.setCredit(0);
    expect(budget.roomMessages).toBe(0);
  });

  it('has no room before the first credit', () => {
    const none = new WindowBudget({ windowMaxMessages: 10, windowMaxBytes: 100 });
    expect([none.roomMessages, none.hasRoom, new Window(none).roomMessages]).toEqual([0, false, 0]);
  });

  it('has less room for what is in flight, and never less than none', () => {
    send(1, 3, 60);
    expect([window.messages, budget.roomMessages, budget.roomBytes]).toEqual([3, 5, 40]);
    send(4, 4, 60);
    expect(budget.roomBytes).toBe(-20);
    budget.setCredit(2);
    expect(budget.roomMessages).toBe(0);
  });

  it('drops a run when all of it is acknowledged, in any order, and not before', () => {
    send(1, 3);
    send(4, 6);
    window.onAcknowledged({ cumulative: 2, ranges: [{ first: 4, last: 6 }] }, 5);
    expect([window.messages, window.oldest?.first, budget.roomBytes]).toEqual([3, 1, 90]);
    window.onAcknowledged({ cumulative: 6, ranges: [] }, 5);
    expect([window.messages, window.oldest]).toEqual([0, undefined]);
  });

  it('measures the newest acknowledged run that was sent once', () => {
    send(1, 1, 10, 100);
    send(2, 2, 10, 150);
    send(3, 3, 10, 170, false);
    expect(window.onAcknowledged({ cumulative: 3, ranges: [] }, 200)).toBe(50);
    expect(window.onAcknowledged({ cumulative: 3, ranges: [] }, 200)).toBeUndefined();
  });

  it('measures nothing by a run that was sent again (Karn’s rule)', () => {
    send(1, 1, 10, 100);
    const { oldest } = window;
    if (oldest !== undefined) window.markResent(oldest);
    expect(window.onAcknowledged({ cumulative: 1, ranges: [] }, 200)).toBeUndefined();
  });

  it('keeps of a run that was refused in its middle what came before', () => {
    send(1, 3);
    send(4, 6);
    send(7, 9);
    window.dropFrom(5);
    expect([window.messages, window.oldest?.last]).toEqual([4, 3]);
    window.onAcknowledged({ cumulative: 4, ranges: [] }, 1);
    expect([window.messages, budget.roomBytes]).toEqual([0, 100]);
  });

  it('drops what it is told to be done', () => {
    send(1, 3);
    send(4, 6);
    window.dropDone(({ last }) => last === 3);
    expect([window.messages, window.oldest?.first]).toEqual([3, 4]);
  });

  it('is empty after clear', () => {
    send(1, 3);
    window.clear();
    expect([window.messages, budget.roomMessages, budget.roomBytes]).toEqual([0, 8, 100]);
  });

  it('has room for one message of any size while nothing is in flight', () => {
    budget.add(0, 100);
    expect([budget.roomBytes, budget.hasRoom]).toEqual([0, true]);
    send(1, 1);
    expect(budget.hasRoom).toBe(false);
  });

  it('leaves room for other lanes while its own messages are not acknowledged', () => {
    budget.setCredit(1_000);
    budget = new WindowBudget({ windowMaxMessages: 90, windowMaxBytes: 1e6 });
    budget.setCredit(90);
    window = new Window(budget);
    const other = new Window(budget);
    expect(window.roomMessages).toBe(80);
    send(1, 80);
    expect([window.roomMessages, other.roomMessages, budget.roomMessages]).toEqual([0, 8, 10]);
    other.onSent({ first: 1, last: 8, bytes: 1, sentAtMs: 0, sentOnce: true });
    expect([window.roomMessages, other.roomMessages, new Window(budget).roomMessages]).toEqual([0, 0, 1]);
    window.clear();
    expect([budget.messages, other.messages]).toEqual([8, 8]);
  });
});
