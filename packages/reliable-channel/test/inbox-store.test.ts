import { beforeEach, describe, expect, it } from 'vitest';
import { encodeInbox, encodeResults, inboxKey, type LaneResults, resultsKey } from '../src/core/index.js';
import { readInbox } from '../src/inbox-store.js';
import type { Store } from '../src/index.js';
import { memoryStore } from '../src/stores/memory.js';

const EPOCH = '00000000000000aa';
let store: Store;

beforeEach(async () => {
  store = await memoryStore().open();
});

function results(sequence: number, bytes = 1): LaneResults[] {
  return [{ lane: 'a', results: [{ sequence, kind: 'reply', value: new Uint8Array(bytes) }] }];
}

async function put(key: string, value: Uint8Array): Promise<void> {
  await store.commit([{ type: 'put', key, value }]);
}

describe('what an inbox has of a sender', () => {
  it('is nothing for one that it has never heard of', async () => {
    expect(await readInbox(store, 'press-7')).toEqual({ record: undefined, results: [] });
  });

  it('is its record and all its results, in order, and nothing of others', async () => {
    const record = { epoch: EPOCH, lanes: [{ lane: 'a', handled: { cumulative: 9, ranges: [] } }] };
    await put(inboxKey('press-7'), encodeInbox(record));
    // More than are read at a time.
    for (let number = 40; number > 0; number--) {
      await put(resultsKey('press-7', number), encodeResults({ epoch: EPOCH, lanes: results(number, 60_000) }));
    }
    await put(resultsKey('press-70', 1), encodeResults({ epoch: EPOCH, lanes: results(1) }));
    await put(resultsKey('press-7/results', 1), encodeResults({ epoch: EPOCH, lanes: results(1) }));
    const contents = await readInbox(store, 'press-7');
    expect(contents.record).toEqual(record);
    expect(contents.results.map(({ number }) => number)).toEqual(Array.from({ length: 40 }, (_, index) => index + 1));
    expect(contents.results[6]?.lanes).toEqual(results(7, 60_000));
  });

  it.each([inboxKey('press-7'), resultsKey('press-7', 3)])(
    'is not taken for nothing when %s makes no sense',
    async (key) => {
      await put(key, Uint8Array.of(9, 9));
      await expect(readInbox(store, 'press-7')).rejects.toMatchObject({ code: 'VERSION_UNSUPPORTED' });
    },
  );
});
