import { createVirtualRuntime } from '@holdfast/simulator';
import { beforeEach, describe, expect, it } from 'vitest';
import { GroupCommit, type Store, type StoreOperation } from '../src/index.js';

/** A commit that the store has been asked for. */
interface Asked {
  readonly keys: readonly string[];
  readonly succeed: () => void;
  readonly fail: (error: Error) => void;
}

let asked: Asked[];
let group: GroupCommit;
const runtime = createVirtualRuntime({ seed: 1 });
const settle = (): Promise<void> => runtime.advance(0);

/** A store that is told how each commit ends. */
function storeWith(commit: Store['commit']): Store {
  return { isDurable: false, commit, get: async () => undefined, read: async () => [], close: async () => {} };
}

function put(key: string): () => StoreOperation[] {
  return () => [{ type: 'put', key, value: new Uint8Array() }];
}

/** Asks for a commit; the result fills with how it ended. */
function commit(key: string): string[] {
  const told: string[] = [];
  group.commit(put(key)).then(
    () => told.push('done'),
    (error: Error) => told.push(error.message),
  );
  return told;
}

beforeEach(() => {
  asked = [];
  const store = storeWith((operations) => {
    const keys = operations.map(({ key }) => key);
    return new Promise((succeed, fail) => asked.push({ keys, succeed, fail }));
  });
  group = new GroupCommit(store, runtime);
});

describe('a group commit', () => {
  it('makes one commit of a turn, in the order asked', async () => {
    commit('a');
    commit('b');
    expect(asked).toEqual([]);
    await settle();
    expect(asked.map(({ keys }) => keys)).toEqual([['a', 'b']]);
  });

  it('tells those who wait when the commit is on disk, and not before', async () => {
    const told = [commit('a'), commit('b')];
    await settle();
    expect(told).toEqual([[], []]);
    asked[0]?.succeed();
    await settle();
    expect(told).toEqual([['done'], ['done']]);
  });

  it('makes one more commit of what came during one', async () => {
    commit('a');
    await settle();
    const told = [commit('b'), commit('c')];
    await settle();
    expect(asked).toHaveLength(1);
    asked[0]?.succeed();
    await settle();
    expect(asked.map(({ keys }) => keys)).toEqual([['a'], ['b', 'c']]);
    expect(told).toEqual([[], []]);
    asked[1]?.succeed();
    await settle();
    expect(told).toEqual([['done'], ['done']]);
  });

  it('fails for exactly those who were in the commit that failed, and goes on', async () => {
    const failed = [commit('a'), commit('b')];
    await settle();
    const later = commit('c');
    asked[0]?.fail(new Error('disk full'));
    await settle();
    expect(failed).toEqual([['disk full'], ['disk full']]);
    expect(later).toEqual([]);
    asked[1]?.succeed();
    await settle();
    expect(later).toEqual(['done']);
    expect(asked.map(({ keys }) => keys)).toEqual([['a', 'b'], ['c']]);
  });

  it('takes a commit that is asked for on the end of another', async () => {
    let second: string[] | undefined;
    void group.commit(put('a')).then(() => {
      second = commit('b');
    });
    await settle();
    asked[0]?.succeed();
    await settle();
    asked[1]?.succeed();
    await settle();
    expect(second).toEqual(['done']);
  });

  it('takes a commit after a rest', async () => {
    commit('a');
    await settle();
    asked[0]?.succeed();
    await settle();
    const told = commit('b');
    await settle();
    asked[1]?.succeed();
    await settle();
    expect(told).toEqual(['done']);
  });

  it('asks what is to be written when the commit begins, and not before', async () => {
    let value = 1;
    const told: number[] = [];
    const write = (): StoreOperation[] => {
      told.push(value);
      return [{ type: 'delete', key: `${value}` }];
    };
    void group.commit(write);
    value = 2;
    await settle();
    void group.commit(write);
    value = 3;
    await settle();
    expect([told, asked.map(({ keys }) => keys)]).toEqual([[2], [['2']]]);
    value = 4;
    asked[0]?.succeed();
    await settle();
    expect(told).toEqual([2, 4]);
  });

  it('lets those who waited know before it asks for the next commit', async () => {
    const order: string[] = [];
    const first = group.commit(put('a'));
    const knows = (async () => {
      await first;
      order.push('told');
    })();
    await settle();
    void group.commit(() => {
      order.push('asked');
      return [];
    });
    asked[0]?.succeed();
    await knows;
    await settle();
    expect(order).toEqual(['told', 'asked']);
  });

  it('asks nothing of the store when there is nothing to write', async () => {
    let isDone = false;
    void group
      .commit(() => [])
      .then(() => {
        isDone = true;
      });
    await settle();
    expect([isDone, asked]).toEqual([true, []]);
  });

  it('commits what others want to write when one of them throws', async () => {
    const failed: string[] = [];
    group
      .commit(() => {
        throw new Error('a bug');
      })
      .catch((error: Error) => failed.push(error.message));
    const told = commit('b');
    await settle();
    asked[0]?.succeed();
    await settle();
    expect([failed, told, asked[0]?.keys]).toEqual([['a bug'], ['done'], ['b']]);
  });

  describe('with a work that wants the store for itself', () => {
    it('runs it between commits, and settles as it does', async () => {
      const order: string[] = [];
      let end: (value: string) => void = () => {};
      commit('a');
      await settle();
      const done = group.exclusive(() => {
        order.push('begun');
        return new Promise<string>((resolve) => {
          end = resolve;
        });
      });
      await settle();
      expect(order).toEqual([]);
      asked[0]?.succeed();
      await settle();
      expect(order).toEqual(['begun']);
      commit('b');
      await settle();
      expect(asked).toHaveLength(1);
      end('result');
      expect(await done).toBe('result');
      await settle();
      expect(asked[1]?.keys).toEqual(['b']);
    });

    it('goes on when it fails', async () => {
      const failing = group.exclusive(() => Promise.reject(new Error('no')));
      const told = commit('a');
      await settle();
      asked[0]?.succeed();
      await expect(failing).rejects.toThrow('no');
      await settle();
      expect(told).toEqual(['done']);
    });

    it('takes turns with commits, however many there are of either', async () => {
      const order: string[] = [];
      const work = (name: string): void => {
        void group.exclusive(async () => {
          order.push(name);
        });
      };
      work('x');
      work('y');
      commit('a');
      await settle();
      commit('b');
      for (let index = 0; index < 2; index++) {
        const { keys = [], succeed } = asked[index] ?? {};
        order.push(...keys);
        succeed?.();
        await settle();
      }
      expect(order).toEqual(['a', 'x', 'b', 'y']);
    });
  });

  it('takes a store that throws for one that fails', async () => {
    const store = storeWith(() => {
      throw new Error('closed');
    });
    await expect(new GroupCommit(store, runtime).commit(put('a'))).rejects.toThrow('closed');
  });
});
