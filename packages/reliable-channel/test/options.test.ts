import { createVirtualRuntime } from '@holdfast/simulator';
import { createTransport, type Link } from '@holdfast/transport';
import { describe, expect, it } from 'vitest';
import { openReliableChannel, type ReliableChannelOptions } from '../src/index.js';
import { OUTBOX_MIN_BYTES, resolveChannelOptions } from '../src/options.js';
import { memoryStore } from '../src/stores/memory.js';

const runtime = createVirtualRuntime({ seed: 1 });
const link: Link = { name: 'test', writeMaxBytes: 1_000, dial: () => Promise.reject(new Error('not dialed here')) };
const OPTIONS: ReliableChannelOptions = {
  transport: createTransport({ deviceId: 'press-7', link, runtime }),
  store: memoryStore(),
};

describe('resolveChannelOptions', () => {
  it('fills in what its documentation says', () => {
    const { sender, ...ports } = resolveChannelOptions(OPTIONS);
    expect(sender).toEqual({
      keyPrefix: 'outbox',
      outboxMaxMessages: 1_000_000,
      outboxMaxBytes: 1_073_741_824,
      outboxMaxAgeMs: Number.POSITIVE_INFINITY,
      whenFull: 'reject',
      waitMaxMessages: 1_024,
      waitMaxBytes: 1_048_576,
      lanePriorities: new Map(),
      maxAttempts: 16,
      deadLettersMaxMessages: 1_000,
      deadLettersMaxBytes: 16_777_216,
      windowMaxMessages: 4_096,
      windowMaxBytes: 1_048_576,
      batchMaxBytes: 65_536,
      batchMaxMessages: 1_024,
      loadedMaxBytes: 4_194_304,
      dataFrameMaxBytes: 65_536,
      deleteDelayMs: 100,
      ackTimeout: { initialMs: 3_000, minMs: 1_000, maxMs: 60_000 },
      retryBackoff: { minMs: 100, maxMs: 30_000 },
    });
    expect(ports.transport).toBe(OPTIONS.transport);
    expect(ports.store).toBe(OPTIONS.store);
    expect(ports.runtime).toBe(runtime);
  });

  it('takes what it is given', () => {
    const given = {
      outboxMaxMessages: 1,
      outboxMaxBytes: OUTBOX_MIN_BYTES,
      outboxMaxAgeMs: 9,
      whenFull: 'evict' as const,
      maxAttempts: 10,
      deadLettersMaxMessages: 0,
      deadLettersMaxBytes: 0,
      windowMaxMessages: 2,
      windowMaxBytes: 3,
      ackTimeout: { initialMs: 4, minMs: 5, maxMs: 6 },
      retryBackoff: { minMs: 7, maxMs: 8 },
    };
    expect(resolveChannelOptions({ ...OPTIONS, ...given }).sender).toMatchObject(given);
  });

  it('fills in the rest of a wait', () => {
    const { sender } = resolveChannelOptions({ ...OPTIONS, ackTimeout: { minMs: 1 }, retryBackoff: { maxMs: 1_000 } });
    expect(sender.ackTimeout).toEqual({ initialMs: 3_000, minMs: 1, maxMs: 60_000 });
    expect(sender.retryBackoff).toEqual({ minMs: 100, maxMs: 1_000 });
  });

  it.each([
    ['transport', undefined],
    ['transport', {}],
    ['store', undefined],
    ['store', './outbox'],
    ['outboxMaxMessages', 0],
    ['outboxMaxMessages', 1.5],
    ['outboxMaxMessages', '7'],
    ['outboxMaxBytes', OUTBOX_MIN_BYTES - 1],
    ['outboxMaxAgeMs', 0],
    ['whenFull', 'drop'],
    ['maxAttempts', 0],
    ['deadLettersMaxMessages', -1],
    ['deadLettersMaxMessages', 10_001],
    ['deadLettersMaxBytes', 0.5],
    ['lanes.alarms.priority', { alarms: { priority: 1_001 } }],
    ['outboxMaxBytes', Number.POSITIVE_INFINITY],
    ['windowMaxMessages', 0],
    ['windowMaxBytes', -1],
    ['windowMaxBytes', Number.NaN],
    ['ackTimeout.initialMs', { initialMs: 0 }],
    ['ackTimeout.minMs', { minMs: 0.5 }],
    ['ackTimeout.maxMs', { maxMs: 86_400_001 }],
    ['ackTimeout.maxMs', { minMs: 10, maxMs: 9 }],
    ['retryBackoff.minMs', { minMs: 0 }],
    ['retryBackoff.maxMs', { maxMs: Number.POSITIVE_INFINITY }],
    ['retryBackoff.maxMs', { minMs: 10, maxMs: 9 }],
  ])('names %s when it is wrong: %j', async (name, value) => {
    const [option = name] = name.split('.');
    const wrong = { ...OPTIONS, [option]: value };
    const opened = openReliableChannel(wrong as unknown as ReliableChannelOptions);
    await expect(opened).rejects.toThrow(new RegExp(`^${name} `));
  });
});

it('moves the bounds that were not given to fit the ones that were', () => {
  const sender = (options: object) => resolveChannelOptions({ ...OPTIONS, ...options }).sender;
  expect(sender({ retryBackoff: { minMs: 60_000 } }).retryBackoff).toEqual({ minMs: 60_000, maxMs: 60_000 });
  expect(sender({ retryBackoff: { maxMs: 50 } }).retryBackoff).toEqual({ minMs: 50, maxMs: 50 });
  const ackTimeout = { initialMs: 2_000, minMs: 1_000, maxMs: 2_000 };
  expect(sender({ ackTimeout: { maxMs: 2_000, minMs: undefined } }).ackTimeout).toEqual(ackTimeout);
});
