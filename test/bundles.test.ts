// What a page gets when it imports Holdfast, and what it does not get: a door pulls in its own things only.

import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { describe, expect, test } from 'vitest';
import { filesOf as builtFilesOf, NOT_IN_TRANSPORT, strangersIn } from '../scripts/size/bundle.mjs';

/** The files of a bundle of `source`, made for browsers or for Node, from the repository's root on. */
async function filesOf(source: string, platform: 'browser' | 'node' = 'browser'): Promise<string[]> {
  const { metafile } = await build({
    stdin: { contents: source, resolveDir: fileURLToPath(new URL('..', import.meta.url)) },
    bundle: true,
    write: false,
    metafile: true,
    format: 'esm',
    platform,
    conditions: ['@holdfast/source'],
    external: platform === 'node' ? ['lmdb'] : [],
    logLevel: 'silent',
  });
  const [output] = Object.values(metafile.outputs);
  const used = Object.entries(output?.inputs ?? {}).filter(([, { bytesInOutput }]) => bytesInOutput > 0);
  return used.map(([path]) => path);
}

const PAGE = `
  export { openReliableChannel } from '@holdfast/reliable-channel';
  export { idbStore } from '@holdfast/reliable-channel/idb';
  export { createTransport } from '@holdfast/transport';
  export { websocket } from '@holdfast/transport/websocket';`;

describe('a bundle for a page', () => {
  // With an import of one of Node's modules it could not even be made.
  test('has the link of browsers, and nothing that is for Node', async () => {
    const files = await filesOf(PAGE);
    expect(files).toContain('packages/transport/src/links/websocket.ts');
    expect(
      files.filter((path) => /node_modules\/(ws|lmdb)\/|websocket-node|\/tcp\.ts|packages\/agent/.test(path)),
    ).toEqual([]);
  });

  test('has nothing for several tabs, unless it is asked for', async () => {
    const isForTabs = (path: string): boolean => /reliable-channel\/src\/(tabs\/|core\/mark-record)/.test(path);
    expect((await filesOf(PAGE)).filter(isForTabs)).toEqual([]);
    const files = await filesOf(`${PAGE} export { openSharedChannel } from '@holdfast/reliable-channel/tabs';`);
    expect(files).toContain('packages/reliable-channel/src/tabs/leader.ts');
  });

  test('of the transport alone has no store, and nothing of the channel', async () => {
    const files = await filesOf("export { createTransport } from '@holdfast/transport';");
    expect(files).toContain('packages/transport/src/transport.ts');
    expect(files.filter((path) => /reliable-channel|idb-keyval|lmdb|\/links\//.test(path))).toEqual([]);
  });

  test('of one function has next to nothing else', async () => {
    const files = await filesOf("export { requestPersistence } from '@holdfast/reliable-channel/idb';");
    expect(files.filter((path) => path.startsWith('packages/'))).toEqual([
      'packages/reliable-channel/src/stores/storage-persistence.ts',
    ]);
  });
});

test('a bundle for Node has the link of Node', async () => {
  const files = await filesOf("export { websocket } from '@holdfast/transport/websocket';", 'node');
  expect(files).toContain('packages/transport/src/links/websocket-node.ts');
  expect(files).not.toContain('packages/transport/src/links/websocket.ts');
});

describe('the check of the published bundles', () => {
  const bundled = (entry: string) =>
    builtFilesOf(fileURLToPath(new URL(`../scripts/size/${entry}.mjs`, import.meta.url)));

  test('finds no store and no library for retries in the transport alone', async () => {
    const files = await bundled('transport');
    expect(files.length).toBeGreaterThan(1);
    expect(strangersIn(files, NOT_IN_TRANSPORT)).toEqual([]);
  });

  test('finds what does not belong in a bundle', async () => {
    const found = strangersIn(await bundled('page'), NOT_IN_TRANSPORT);
    expect(found.sort()).toEqual(['idb-keyval', 'reliable-channel']);
  });
});
