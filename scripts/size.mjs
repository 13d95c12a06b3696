// What Holdfast adds to a page: `npm run size`, after `npm run build`. Bundles what a page imports, minified, and compresses it
// as a server does. Ends with 1 when a bundle has grown beyond its limit.

import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';

const KILOBYTE = 1_024;

/**
 * `limit`: how large it may be now, in bytes after gzip; it follows the size down and never up. `target`: where it is to
 * come to.
 */
const BUNDLES = [
  {
    name: 'channel, transport, WebSocket link, IndexedDB store',
    source: `export { openReliableChannel } from '@holdfast/reliable-channel';
      export { idbStore } from '@holdfast/reliable-channel/idb';
      export { createTransport } from '@holdfast/transport';
      export { websocket } from '@holdfast/transport/websocket';`,
    limit: 60 * KILOBYTE,
    target: 24 * KILOBYTE,
  },
  {
    name: 'transport alone',
    source: "export { createTransport } from '@holdfast/transport';",
    limit: 30 * KILOBYTE,
  },
];

function kilobytes(bytes) {
  return `${(bytes / KILOBYTE).toFixed(1)} KB`;
}

/** Bytes of each library and package in a bundle, after minification. */
function parts(metafile) {
  const [output] = Object.values(metafile.outputs);
  const sums = new Map();
  for (const [path, { bytesInOutput }] of Object.entries(output.inputs)) {
    const part = /(?:node_modules|packages)\/([^/]+)/.exec(path)?.[1] ?? path;
    sums.set(part, (sums.get(part) ?? 0) + bytesInOutput);
  }
  return [...sums].sort((left, right) => right[1] - left[1]).filter(([, bytes]) => bytes > 0);
}

for (const { name, source, limit, target } of BUNDLES) {
  const { outputFiles, metafile } = await build({
    stdin: { contents: source, resolveDir: new URL('..', import.meta.url).pathname },
    bundle: true,
    minify: true,
    write: false,
    metafile: true,
    format: 'esm',
    platform: 'browser',
    target: 'es2022',
    // It warns of imports that it leaves out because of `sideEffects: false`, which is what that is for.
    logLevel: 'error',
  });
  const { contents } = outputFiles[0];
  const bytes = gzipSync(contents, { level: 9 }).length;
  const aim = target === undefined ? '' : `, target ${kilobytes(target)}${bytes > target ? ' not reached' : ''}`;
  console.log(
    `${kilobytes(bytes)} gzip (${kilobytes(contents.length)} minified) ${name}; limit ${kilobytes(limit)}${aim}`,
  );
  console.log(
    `  minified: ${parts(metafile)
      .map(([part, size]) => `${part} ${kilobytes(size)}`)
      .join(', ')}`,
  );
  if (bytes > limit) {
    console.error(`  larger than its limit by ${bytes - limit} bytes; make it smaller`);
    process.exitCode = 1;
  }
}
