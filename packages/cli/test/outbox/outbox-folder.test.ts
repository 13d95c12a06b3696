import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { CheckedStore, openReliableChannel } from '@holdfast/reliable-channel';
import { lmdbStore } from '@holdfast/reliable-channel/lmdb';
import { createTransport, type Link } from '@holdfast/transport';
import { expect, it } from 'vitest';
import { useOutbox } from '../../src/outbox/outbox-folder.js';
import { temporaryFolder } from '../support/cli-process.js';

/** An outbox in which one message waits in each of two lanes. */
async function outboxFolder(): Promise<string> {
  const folder = join(temporaryFolder(), 'box');
  const link: Link = { name: 'nowhere', writeMaxBytes: 1_024, dial: () => new Promise(() => {}) };
  const transport = createTransport({ deviceId: 'd', link });
  const channel = await openReliableChannel({ transport, store: lmdbStore(folder) });
  await channel.send('a', 1).stored;
  await channel.send('b', 2, { lane: 'l' }).stored;
  await channel.close();
  await transport.disconnect();
  return folder;
}

const silent = (): void => {};

it('lets the outbox go, also when the work fails', async () => {
  const outbox = await outboxFolder();
  await expect(useOutbox({ outbox }, silent, () => Promise.reject(new Error('odd')))).rejects.toThrow('odd');
  expect(await useOutbox({ outbox }, silent, async (open) => (await open.lanes()).length)).toBe(2);
});

it('says how many records can not be read, and uses the rest', async () => {
  const outbox = await outboxFolder();
  const store = await lmdbStore(outbox).open();
  const [entry] = await store.read({ from: 'outbox/batch/l', to: 'outbox/batch/m', maxBytes: 1 });
  // Past the seal of CheckedStore, as decay would be.
  await store.commit([{ type: 'put', key: entry?.key ?? '', value: new Uint8Array([1, 2, 3, 4, 5]) }]);
  await new CheckedStore(store).close();
  const said: string[] = [];
  const lanes = await useOutbox(
    { outbox },
    (line) => said.push(line),
    (open) => open.lanes(),
  );
  expect(lanes.map(({ lane }) => lane)).toEqual(['']);
  expect(said).toEqual(['set aside as unreadable: 1 record; check the disk']);
});

it('makes nothing in a folder without an outbox', async () => {
  const outbox = temporaryFolder();
  await expect(useOutbox({ outbox }, silent, async () => {})).rejects.toThrow(`there is no outbox in ${outbox}`);
  expect(readdirSync(outbox)).toEqual([]);
});
