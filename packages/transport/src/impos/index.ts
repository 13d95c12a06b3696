// impOS under its own names: runs device programs nearly as Electric Imp's documents print them, with `await` where a call
// blocks. Names and numbers: developer.electricimp.com/api. What was decided where sources are silent: docs/impos-semantics.md.

export {
  RETURN_ON_ERROR,
  RETURN_ON_ERROR_NO_DISCONNECT,
  SUSPEND_ON_ERROR,
  WAIT_FOR_ACK,
  WAIT_TIL_SENT,
} from '../core/index.js';
export * from './constants.js';
export type { DeviceEvent } from './device-events.js';
export type { Imp, ImpTimer } from './imp.js';
export type { ImpAgent } from './imp-agent.js';
export { NV_MAX_BYTES } from './nv.js';
export {
  type DeviceOptions,
  type DeviceProgram,
  type DeviceRun,
  type ImpDevice,
  RESTART_AFTER_ERROR_MS,
  runDevice,
} from './run-device.js';
export type { ImpServer } from './server.js';
