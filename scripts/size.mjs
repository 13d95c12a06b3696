// What Holdfast adds to a page: `npm run size`, after `npm run build`. Bundles what a page imports, minified, and compresses it
// as a server does. Ends with 1 when a bundle has grown beyond its limit, or has something in it that does not belong there.

import { gzipSync } from 'node:zlib';
import { bundle, partsOf, strangersIn } from './bundle.mjs';

const KILOBYTE = 1_024;

/**
 * `limit`: how large it may be now, in bytes after gzip; it follows the size down and never up. `target`: where it is to
 * come to. `without`: libraries and packages that must not be in it.
 */
const BUNDLES = [
  {
    name: 'channel, transport, WebSocket link, IndexedDB store',
    source: `export { openReliableChannel } from '@holdfast/reliable-channel';
      export { idbStore } from '@holdfast/reliable-channel/idb';
      export { createTransport } from '@holdfast/transport';
      export { websocket } from '@holdfast/transport/websocket';`,
    limit: 59 * KILOBYTE,
    target: 24 * KILOBYTE,
    without: ['lmdb', 'ws'],
  },
  {
    name: 'transport alone',
    source: "export { createTransport } from '@holdfast/transport';",
    limit: 28 * KILOBYTE,
    without: ['reliable-channel', 'idb-keyval', 'lmdb', 'p-retry', 'ws'],
  },
];

function kilobytes(bytes) {
  return `${(bytes / KILOBYTE).toFixed(1)} KB`;
}

function fail(message) {
  console.error(`  ${message}`);
  process.exitCode = 1;
}

for (const { name, source, limit, target, without } of BUNDLES) {
  const { contents, files } = await bundle(source);
  const bytes = gzipSync(contents, { level: 9 }).length;
  const aim = target === undefined ? '' : `, target ${kilobytes(target)}${bytes > target ? ' not reached' : ''}`;
  console.log(
    `${kilobytes(bytes)} gzip (${kilobytes(contents.length)} minified) ${name}; limit ${kilobytes(limit)}${aim}`,
  );
  const parts = partsOf(files).map(([part, size]) => `${part} ${kilobytes(size)}`);
  console.log(`  minified: ${parts.join(', ')}`);
  if (bytes > limit) fail(`larger than its limit by ${bytes - limit} bytes; make it smaller`);
  const strangers = strangersIn(files, without);
  if (strangers.length > 0) fail(`brings ${strangers.join(', ')}, which it must not; look at what imports it`);
}
