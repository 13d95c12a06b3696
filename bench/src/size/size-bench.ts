// What a browser has to load: bundled, minified, compressed.

import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';
import type { Bench } from '../bench.js';
import { type Findings, type Row, target } from '../report/report.js';

/** `npm run bench -- size` */
export const sizeBench: Bench = {
  name: 'size',
  summary: 'bundle sizes for a browser, minified and compressed',
  packages: ['@holdfast/reliable-channel', '@holdfast/transport', 'esbuild'],
  run,
};

const LIMIT_KIB = 24;
const CHANNEL = "export { openReliableChannel } from '@holdfast/reliable-channel';";
const TRANSPORT = "export { createTransport } from '@holdfast/transport';";

/** A program to bundle, and the doors that it needs. */
interface Program {
  readonly name: string;
  readonly code: string;
}

const PROGRAMS: readonly Program[] = [
  { name: 'transport', code: TRANSPORT },
  {
    name: 'channel-and-memory',
    code: `${CHANNEL}${TRANSPORT}export { memoryStore } from '@holdfast/reliable-channel/memory';`,
  },
];

/** What the limit is for. Measured as soon as the packages have these doors. */
const BROWSER: Program = {
  name: 'browser',
  code: `${CHANNEL}${TRANSPORT}export { websocket } from '@holdfast/transport/websocket';export { idbStore } from '@holdfast/reliable-channel/idb';`,
};

async function run(): Promise<Findings> {
  const hasBrowserDoors =
    hasDoor('@holdfast/transport', './websocket') && hasDoor('@holdfast/reliable-channel', './idb');
  const programs = hasBrowserDoors ? [...PROGRAMS, BROWSER] : PROGRAMS;
  const rows: Row[] = [];
  for (const { name, code } of programs) {
    const bytes = await bundle(code);
    const median = gzipSync(bytes, { level: 9 }).length / 1_024;
    const limit = name === BROWSER.name && { expected: LIMIT_KIB, ratio: median / LIMIT_KIB };
    rows.push({ name, params: { minifiedBytes: bytes.length }, unit: 'KiB', median, ...limit });
  }
  const browser = rows.find(({ name }) => name === BROWSER.name)?.median;
  return {
    rows,
    targets:
      browser === undefined
        ? []
        : [target('channel, transport, websocket link and idb store, min + gzip', browser, 'KiB', 'atMost', LIMIT_KIB)],
    notes: [
      'Bundled and minified by esbuild for browsers, compressed by gzip at its best. Libraries are in it.',
      ...(hasBrowserDoors
        ? []
        : ['There is no websocket link or no idb store yet, so the limit is not held against anything.']),
    ],
  };
}

const require = createRequire(import.meta.url);

function hasDoor(name: string, door: string): boolean {
  const manifest = JSON.parse(readFileSync(require.resolve(`${name}/package.json`), 'utf8'));
  return door in manifest.exports;
}

async function bundle(code: string): Promise<Uint8Array> {
  const { outputFiles } = await build({
    stdin: { contents: code, resolveDir: dirname(fileURLToPath(import.meta.url)) },
    ...{ bundle: true, minify: true, write: false, format: 'esm', platform: 'browser', target: 'es2022' },
    logLevel: 'silent',
  });
  const contents = outputFiles[0]?.contents;
  if (contents === undefined) throw new Error('esbuild gave no bundle');
  return contents;
}
