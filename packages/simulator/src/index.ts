// The main door of @holdfast/simulator: virtual time and repeatable chance, for tests without sockets.
// The chaos proxy, which needs real sockets, has its own door: `@holdfast/simulator/chaos-proxy`.

export { pick, randomInteger, seededRandom } from './seeded-random.js';
export { createVirtualRuntime, type VirtualRuntime, type VirtualRuntimeOptions } from './virtual-runtime.js';
