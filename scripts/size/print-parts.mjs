// What the sizes that size-limit checks are made of: bytes of each library and package after minification. Ends with 1 when a
// bundle has something in it that does not belong there.

import { filesOf, NOT_IN_TRANSPORT, partsOf, strangersIn } from './bundle.mjs';

const BUNDLES = [
  { entry: 'page', without: ['lmdb', 'ws'] },
  { entry: 'transport', without: NOT_IN_TRANSPORT },
];

for (const { entry, without } of BUNDLES) {
  const files = await filesOf(new URL(`${entry}.mjs`, import.meta.url).pathname);
  const parts = partsOf(files).map(([part, bytes]) => `${part} ${(bytes / 1_000).toFixed(1)} kB`);
  console.log(`${entry}, minified: ${parts.join(', ')}`);
  const strangers = strangersIn(files, without);
  if (strangers.length > 0) {
    console.error(`  brings ${strangers.join(', ')}, which it must not; look at what imports it`);
    process.exitCode = 1;
  }
}
