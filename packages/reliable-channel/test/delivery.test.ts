import { HoldfastError } from '@holdfast/protocol';
import { describe, expect, it, vi } from 'vitest';
import {
  closedOutcome,
  Delivery,
  type DeliverySource,
  evictedDelivery,
  type Outcome,
  quietRejection,
  refusalError,
} from '../src/delivery.js';

const ACKNOWLEDGED: Outcome = { status: 'acknowledged' };

function sourceOf(outcome?: Outcome) {
  return {
    stored: vi.fn<DeliverySource['stored']>(async () => {}),
    settled: vi.fn<DeliverySource['settled']>(async () => outcome ?? ACKNOWLEDGED),
    outcome: vi.fn<DeliverySource['outcome']>(() => outcome),
    cancel: vi.fn<DeliverySource['cancel']>(() => true),
    lane: 'alarms',
  };
}

describe('a delivery', () => {
  it('names its message by epoch, lane and number', () => {
    expect(new Delivery(sourceOf(), '0123456789abcdef', 7).id).toBe('0123456789abcdef-alarms-7');
  });

  it('asks for nothing before it is asked', () => {
    const source = sourceOf();
    new Delivery(source, '0123456789abcdef', 7);
    expect(source.stored).not.toHaveBeenCalled();
    expect(source.settled).not.toHaveBeenCalled();
    expect(source.outcome).not.toHaveBeenCalled();
  });

  it('asks for its own message', async () => {
    const source = sourceOf(ACKNOWLEDGED);
    const delivery = new Delivery(source, '0123456789abcdef', 7);
    await expect(delivery.stored).resolves.toBeUndefined();
    await expect(delivery.settled).resolves.toEqual(ACKNOWLEDGED);
    expect(delivery.outcome).toEqual(ACKNOWLEDGED);
    expect(delivery.cancel()).toBe(true);
    const { lane: _, ...asked } = source;
    for (const question of Object.values(asked)) expect(question).toHaveBeenCalledExactlyOnceWith(7);
  });

  it('has no outcome while its message has none', () => {
    expect(new Delivery(sourceOf(), '0123456789abcdef', 7).outcome).toBeUndefined();
  });
});

describe('the delivery of a message that was not taken', () => {
  const error = new HoldfastError('OUTBOX_FULL', 'the outbox is full; wait');
  const delivery = evictedDelivery(error, 'outboxFull', '');

  it('has no id', () => {
    expect(delivery.id).toBeUndefined();
  });

  it('is evicted from the beginning, and never stored', async () => {
    const outcome = { status: 'evicted', cause: 'outboxFull', reason: 'the outbox is full; wait', attempts: 0 };
    expect(delivery.outcome).toEqual(outcome);
    await expect(delivery.settled).resolves.toEqual(outcome);
    await expect(delivery.stored).rejects.toBe(error);
    expect(delivery.cancel()).toBe(false);
  });
});

it('has an error for each reason not to be taken', () => {
  expect(refusalError('outboxFull')).toMatchObject({
    code: 'OUTBOX_FULL',
    message: expect.stringContaining('is full'),
  });
  expect(refusalError('notSendable')).toMatchObject({
    code: 'MESSAGE_GIVEN_UP',
    message: expect.stringContaining('low importance'),
  });
});

it('ends as kept, or as cancelled where nothing keeps it, when its channel is closed', () => {
  expect(closedOutcome(true)).toEqual({ status: 'kept' });
  expect(closedOutcome(false)).toMatchObject({ status: 'cancelled', attempts: 0 });
});

describe('a quiet rejection', () => {
  it('rejects for those who look', async () => {
    const error = new HoldfastError('STORE_FAILED', 'disk full');
    await expect(quietRejection(error)).rejects.toBe(error);
  });

  it('does not end a program that looks away', async () => {
    const unhandled = vi.fn();
    process.on('unhandledRejection', unhandled);
    void quietRejection(new HoldfastError('STORE_FAILED', 'disk full'));
    // Node reports what nobody has looked at when the microtasks of the turn are over.
    await new Promise((resolve) => setImmediate(resolve));
    process.off('unhandledRejection', unhandled);
    expect(unhandled).not.toHaveBeenCalled();
  });
});
