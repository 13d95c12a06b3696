import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { ReadingRecorder } from '../../src/demo/reading-recorder.js';

let folder: string;
let file: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'holdfast-recorder-'));
  file = join(folder, 'delivered.jsonl');
});
afterEach(() => rmSync(folder, { recursive: true }));

const recorded = (): unknown[] =>
  readFileSync(file, 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line).data);

it('writes plain readings as often as they come', () => {
  const recorder = new ReadingRecorder(file);
  for (const data of [1, 2, 2]) void recorder.handle(data, undefined);
  expect(recorded()).toEqual([1, 2, 2]);
  expect(recorder.count).toBe(3);
  recorder.close();
});

it('writes a message of a reliable channel once, also when it comes again after a restart', () => {
  const before = new ReadingRecorder(file);
  void before.handle(1, 'e-1');
  void before.handle(1, 'e-1');
  before.close();
  const after = new ReadingRecorder(file);
  void after.handle(1, 'e-1');
  void after.handle(2, 'e-2');
  expect(recorded()).toEqual([1, 2]);
  expect(after.count).toBe(2);
  after.close();
});

it('takes its time while it is slow, and none when it is not any more', async () => {
  const recorder = new ReadingRecorder(file);
  recorder.slowDown(5);
  const slow = recorder.handle(1, undefined);
  expect(recorder.count).toBe(0);
  await slow;
  expect(recorder.count).toBe(1);
  recorder.slowDown(0);
  expect(recorder.handle(2, undefined)).toBeUndefined();
  expect(recorder.count).toBe(2);
  recorder.close();
});
