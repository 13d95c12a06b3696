import { describe, expect, it } from 'vitest';
import { Disk } from '../../src/trial/disk.js';
import { Life } from '../../src/trial/life.js';
import { TraceRecorder, traceLine } from '../../src/trial/trace-recorder.js';
import { createVirtualRuntime } from '../../src/virtual-runtime.js';

const put = (key: string, text = '') => ({ type: 'put', key, value: Buffer.from(text) }) as const;

/** @param draws - what the disk draws for the times of commits, and for those that a crash tears: even is on disk */
function makeDisk(...draws: number[]) {
  const runtime = createVirtualRuntime({ seed: 1 });
  const recorder = new TraceRecorder(() => runtime.nowMs());
  const random = (): number => draws.shift() ?? 0;
  const disk = new Disk({ owner: 'device-1', runtime, random, commitMaxMs: 9, record: recorder.record });
  const begin = async (number: number) => {
    const life = new Life(number, runtime, () => 0);
    return { life, store: await disk.storeFor(life).open() };
  };
  const lines = () => recorder.events.map((event) => traceLine(event).replace(/\s+/g, ' '));
  return { runtime, disk, begin, lines };
}

describe('a disk', () => {
  it('takes its time for a commit, and says what is in it', async () => {
    const { runtime, begin, lines } = makeDisk(5);
    const { store } = await begin(1);
    const commit = store.commit([put('outbox/batch//1', '<trial message 3><trial message 4>'), put('inbox/device-1')]);
    await runtime.advance(4);
    expect(await store.get('outbox/batch//1')).toBeUndefined();
    await runtime.advance(1);
    await commit;
    expect(await store.read({ from: '', to: '~', maxBytes: 100 })).toHaveLength(2);
    expect(lines()).toEqual([
      '00:00.000 device-1 commitBegan commit=1 about=3,4,inbox/device-1',
      '00:00.005 device-1 committed commit=1',
    ]);
  });

  it.each([
    [0, true, ['a', 'b']],
    [1, false, ['a']],
  ])('has all or nothing of a commit that a crash tears (draw %d)', async (draw, applied, keys) => {
    const { runtime, begin, lines } = makeDisk(0, 9, draw);
    const first = await begin(1);
    void first.store.commit([put('a')]);
    await runtime.advance(1);
    let isAnswered = false;
    void first.store.commit([put('b')]).finally(() => {
      isAnswered = true;
    });
    first.life.end();
    void first.store.commit([put('c')]);
    const second = await begin(2);
    await runtime.advance(20);
    expect((await second.store.read({ from: '', to: '~', maxBytes: 100 })).map(({ key }) => key)).toEqual(keys);
    expect([isAnswered, lines().at(-1)]).toEqual([false, `00:00.001 device-1 commitTorn commit=2 applied=${applied}`]);
  });

  it.each([
    ['asked', false, 0],
    ['lost', false, 5],
    ['kept', true, 5],
    ['told', true, 5],
  ] as const)('loses its power where a commit is %s', async (moment, isOnDisk, atMs) => {
    const { runtime, disk, begin } = makeDisk(5);
    const { life, store } = await begin(1);
    let crashedAtMs = -1;
    disk.cutPower({ commit: 1, moment }, () => {
      crashedAtMs = runtime.nowMs();
      life.end();
    });
    let isAnswered = false;
    void store.commit([put('a')]).finally(() => {
      isAnswered = true;
    });
    await runtime.advance(20);
    const { store: next } = await begin(2);
    expect([crashedAtMs, isAnswered, (await next.get('a')) !== undefined]).toEqual([atMs, moment === 'told', isOnDisk]);
  });

  it('answers nobody whose life is over', async () => {
    const { runtime, begin } = makeDisk();
    const { life, store } = await begin(1);
    const calls = [store.get('a'), store.read({ from: '', to: '~', maxBytes: 1 }), store.commit([])];
    let answers = 0;
    for (const call of calls) {
      void call.then(() => {
        answers += 1;
      });
    }
    life.end();
    await runtime.advance(20);
    expect(answers).toBe(0);
  });

  it('refuses to write for a while', async () => {
    const { runtime, disk, begin, lines } = makeDisk(0, 9);
    const { store } = await begin(1);
    disk.fail(5);
    disk.fail(2);
    const refused = store.commit([put('a')]);
    const late = store.commit([put('b')]);
    void refused.catch(() => {});
    await runtime.advance(10);
    await expect(refused).rejects.toThrow('the disk does not write');
    await late;
    expect(await store.get('a')).toBeUndefined();
    expect(lines().slice(2)).toEqual([
      '00:00.000 device-1 commitFailed commit=1',
      '00:00.009 device-1 committed commit=2',
    ]);
  });
});
