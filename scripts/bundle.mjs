// What a page loads of Holdfast: bundled as a page's build does it.

import { build } from 'esbuild';

/** Bundles `source`, minified. Returns the bytes, and how many of them each file brings. */
export async function bundle(source) {
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
  const [output] = Object.values(metafile.outputs);
  const files = Object.entries(output.inputs).map(([path, { bytesInOutput }]) => ({ path, bytes: bytesInOutput }));
  return { contents: outputFiles[0].contents, files: files.filter(({ bytes }) => bytes > 0) };
}

/** The library or package that a file belongs to. */
export function partOf(path) {
  return /(?:node_modules|packages)\/([^/]+)/.exec(path)?.[1] ?? path;
}

/** Bytes of each library and package in a bundle, largest first. */
export function partsOf(files) {
  const sums = new Map();
  for (const { path, bytes } of files) sums.set(partOf(path), (sums.get(partOf(path)) ?? 0) + bytes);
  return [...sums].sort((left, right) => right[1] - left[1]);
}

/** Those of `parts` that are in a bundle and should not be. */
export function strangersIn(files, parts) {
  return partsOf(files)
    .map(([part]) => part)
    .filter((part) => parts.includes(part));
}
