// How a page's bundle is made, and what is in it by the metafile that esbuild writes of it.

import { build } from 'esbuild';

/** The settings of esbuild for a page of today, added to given ones. */
export function asPage(settings) {
  return {
    ...settings,
    bundle: true,
    minify: true,
    metafile: true,
    format: 'esm',
    platform: 'browser',
    target: 'es2022',
    // It warns of imports that it leaves out because of `sideEffects: false`, which is what that is for.
    logLevel: 'error',
  };
}

/** The files of which something is in the bundle of `entry`, and how many bytes of it. */
export async function filesOf(entry) {
  const { metafile } = await build(asPage({ entryPoints: [entry], write: false, outdir: '/' }));
  const [output] = Object.values(metafile.outputs);
  const files = Object.entries(output.inputs).map(([path, { bytesInOutput }]) => ({ path, bytes: bytesInOutput }));
  return files.filter(({ bytes }) => bytes > 0);
}

/** Bytes of each library and package in a bundle, largest first. */
export function partsOf(files) {
  const sums = new Map();
  for (const { path, bytes } of files) {
    const part = /(?:node_modules|packages)\/([^/]+)/.exec(path)?.[1] ?? path;
    sums.set(part, (sums.get(part) ?? 0) + bytes);
  }
  return [...sums].sort((left, right) => right[1] - left[1]);
}

/** What a bundle of the transport alone must not have: stores and what they stand on, and libraries that retry. */
export const NOT_IN_TRANSPORT = ['reliable-channel', 'idb-keyval', 'lmdb', 'p-retry', 'ws'];

/** Those of `parts` that are in a bundle and should not be. */
export function strangersIn(files, parts) {
  return partsOf(files)
    .map(([part]) => part)
    .filter((part) => parts.includes(part));
}
