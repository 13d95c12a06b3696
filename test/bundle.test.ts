// What a page has to load. The packages have to be built.

import { expect, test } from 'vitest';
import { bundle, strangersIn } from '../scripts/bundle.mjs';

const TRANSPORT = "export { createTransport } from '@holdfast/transport';";
const STORE = "export { idbStore } from '@holdfast/reliable-channel/idb';";
const STRANGERS = ['reliable-channel', 'idb-keyval', 'lmdb', 'p-retry', 'ws'];

test('the transport alone brings no store and no library for retries', async () => {
  const { files } = await bundle(TRANSPORT);
  expect(strangersIn(files, STRANGERS)).toEqual([]);
  expect(files.length).toBeGreaterThan(1);
});

test('what does not belong in a bundle is found', async () => {
  const { files } = await bundle(`${TRANSPORT} ${STORE}`);
  expect(strangersIn(files, STRANGERS).sort()).toEqual(['idb-keyval', 'p-retry', 'reliable-channel']);
});
