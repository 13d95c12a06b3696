import { existsSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { baselineOf, expectedNs, parseBaseline } from '../../src/micro/baseline.js';
import { calibrationTask, outboxTask, pureTasks } from '../../src/micro/micro-tasks.js';

const FILE = new URL('../../micro-baseline.json', import.meta.url);

test('a baseline holds multiples of the calibration, so that another machine can use it', () => {
  const baseline = baselineOf(
    new Map([
      ['calibration', 200],
      ['codec', 500],
    ]),
    'calibration',
  );
  expect(baseline).toEqual({ codec: 2.5 });
  // A machine that is half as fast.
  expect(expectedNs(baseline, 'codec', 400)).toBe(1_000);
  expect(expectedNs(baseline, 'toString', 400)).toBeUndefined();
});

test('without a calibration there is no baseline', () => {
  expect(() => baselineOf(new Map([['codec', 500]]), 'calibration')).toThrow(RangeError);
});

test.each(['[]', 'null', '{"codec":"fast"}', '{"codec":0}', '{'])('%s is no baseline', (text) => {
  expect(() => parseBaseline(text)).toThrow();
});

test('the stored baseline knows every task, and no other', async () => {
  expect(existsSync(FILE)).toBe(true);
  const { task, close } = await outboxTask();
  await close();
  const names = [...pureTasks(), task].map(({ name }) => name);
  expect(Object.keys(parseBaseline(readFileSync(FILE, 'utf8'))).sort()).toEqual(names.sort());
});

test('every task can be run again and again', async () => {
  const { task, close } = await outboxTask();
  for (const { run, units } of [calibrationTask(), ...pureTasks(), task]) {
    expect(units).toBeGreaterThan(0);
    await run();
    await run();
  }
  await close();
});
