// What Holdfast may add to a page: size-limit bundles what a page imports, minified, and compresses it as a server does. A limit
// follows the size down and never up.

import { asPage } from './scripts/size/bundle.mjs';

export default [
  {
    name: 'channel, transport, WebSocket link, IndexedDB store; to come to 24 kB',
    path: 'scripts/size/page.mjs',
    limit: '48 kB',
    gzip: true,
    modifyEsbuildConfig: asPage,
  },
  {
    name: 'transport alone',
    path: 'scripts/size/transport.mjs',
    limit: '16.2 kB',
    gzip: true,
    modifyEsbuildConfig: asPage,
  },
];
