// The main door of @holdfast/simulator: virtual time, repeatable chance and the simulated path, for tests without sockets.
// The chaos proxy, which needs real sockets, has its own door: `@holdfast/simulator/chaos-proxy`.

export type { DevicePath } from './path/device-path.js';
export type { PathDirection, PathEvent, PathEventKind, StageName } from './path/events.js';
export type {
  ChipParameters,
  LossParameters,
  PathParameterChoices,
  PathParameters,
  RouterParameters,
  ServerParameters,
  StageParameters,
} from './path/parameters.js';
export {
  type AccessPointControl,
  createSimulatedNetwork,
  type RouterControl,
  type ServerControl,
  type SimulatedNetwork,
  type SimulatedNetworkOptions,
} from './path/simulated-network.js';
export type { StageControl } from './path/stage.js';
export { pick, randomInteger, seededRandom } from './seeded-random.js';
export { createVirtualRuntime, type VirtualRuntime, type VirtualRuntimeOptions } from './virtual-runtime.js';
