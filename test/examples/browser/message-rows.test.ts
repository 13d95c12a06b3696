import { expect, test } from 'vitest';
import { MessageRows, type Stage, stepTowards } from '../../../examples/browser/page/message-rows.js';

function rowsOf(count: number, max = 10): MessageRows {
  const rows = new MessageRows(max);
  for (let sequence = 1; sequence <= count; sequence++) {
    rows.add({ lane: '', sequence, title: `message ${sequence}`, takenAtMs: 1_000 });
  }
  return rows;
}

/** The stages, the oldest row first. */
function stagesOf(rows: MessageRows): Stage[] {
  return rows.rows.map(({ stage }) => stage).reverse();
}

test('the newest row is on top, and so many are kept', () => {
  const rows = rowsOf(5, 3);
  expect(rows.rows.map(({ sequence }) => sequence)).toEqual([5, 4, 3]);
  rows.onAcknowledged('', 1, 5, 1_500);
  expect(rows.rows).toHaveLength(3);
});

test('a row goes from taken to stored to sent to acknowledged, and says how long that took', () => {
  const rows = rowsOf(3);
  rows.onStored('', 1, 3, 1_004);
  rows.onSent('', 2);
  rows.onAcknowledged('', 1, 1, 1_300);
  expect(stagesOf(rows)).toEqual(['acknowledged', 'sent', 'stored']);
  expect(rows.rows.at(-1)).toMatchObject({ storedAfterMs: 4, overAfterMs: 300 });
});

test('what is not on disk is not shown as sent', () => {
  const rows = rowsOf(1);
  rows.onSent('', 1);
  expect(stagesOf(rows)).toEqual(['taken']);
});

test('what has come back waits on disk again', () => {
  const rows = rowsOf(2);
  rows.onStored('', 1, 2, 1_001);
  rows.onSent('', 2);
  rows.onSent('', 0);
  expect(stagesOf(rows)).toEqual(['stored', 'stored']);
});

test('another lane is another matter', () => {
  const rows = rowsOf(1);
  rows.add({ lane: 'alarms', sequence: 1, title: 'alarm', takenAtMs: 1_000 });
  rows.onAcknowledged('alarms', 1, 1, 1_100);
  expect(stagesOf(rows)).toEqual(['taken', 'acknowledged']);
});

test('what is over stays over, with its reason', () => {
  const rows = rowsOf(1);
  rows.onGivenUp('', 1, 1, 1_100, 'rejected: no such machine');
  rows.onStored('', 1, 1, 1_200);
  rows.onSent('', 1);
  rows.onAcknowledged('', 1, 1, 1_300);
  expect(rows.rows).toMatchObject([{ stage: 'over', detail: 'rejected: no such machine', overAfterMs: 100 }]);
});

test('a message of an earlier life of the page is stored already, and nobody knows for how long', () => {
  const rows = new MessageRows(3);
  rows.add({ lane: '', sequence: 9, title: 'kept', takenAtMs: undefined });
  expect(stagesOf(rows)).toEqual(['stored']);
  rows.onAcknowledged('', 9, 9, 5_000);
  expect(rows.rows).toMatchObject([{ stage: 'acknowledged', overAfterMs: undefined }]);
});

test.each<[Stage, Stage, Stage]>([
  ['acknowledged', 'taken', 'stored'],
  ['acknowledged', 'stored', 'sent'],
  ['acknowledged', 'sent', 'acknowledged'],
  ['stored', 'sent', 'stored'],
  ['sent', 'sent', 'sent'],
  ['over', 'taken', 'over'],
])('on the way to %s, after %s comes %s', (stage, shown, next) => {
  expect(stepTowards(stage, shown)).toBe(next);
});
