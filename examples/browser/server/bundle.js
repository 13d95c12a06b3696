// @ts-check
// Reads what the page is made of, once: its script in one file, and the files that are served as they are.

import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

/** @typedef {{ readonly type: string, readonly body: string | Uint8Array }} Asset */

/** Paths, and the files behind them with their types. @type {readonly (readonly [string, string, string])[]} */
const FILES = [
  ['/', '../page/index.html', 'text/html; charset=utf-8'],
  ['/style.css', '../page/style.css', 'text/css; charset=utf-8'],
  ['/controls.css', '../page/controls.css', 'text/css; charset=utf-8'],
  ['/panels.css', '../page/panels.css', 'text/css; charset=utf-8'],
  ['/messages.css', '../page/messages.css', 'text/css; charset=utf-8'],
  ['/favicon.svg', '../page/favicon.svg', 'image/svg+xml'],
  ['/readings.csv', '../../data/machine_temperature_system_failure.csv', 'text/csv; charset=utf-8'],
];

/** Everything that can be asked for with GET and does not change, by its path. @returns {Promise<Map<string, Asset>>} */
export async function readAssets() {
  /** @type {Map<string, Asset>} */
  const assets = new Map([['/page.js', { type: 'text/javascript; charset=utf-8', body: await bundle() }]]);
  for (const [path, file, type] of FILES)
    assets.set(path, { type, body: await readFile(new URL(file, import.meta.url)) });
  return assets;
}

async function bundle() {
  const result = await build({
    entryPoints: [fileURLToPath(new URL('../page/main.ts', import.meta.url))],
    bundle: true,
    write: false,
    format: 'esm',
    platform: 'browser',
    target: 'es2022',
    logLevel: 'silent',
  });
  return result.outputFiles[0]?.text ?? '';
}
