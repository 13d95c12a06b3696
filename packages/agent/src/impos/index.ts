// The agent's half of the impOS API: `device`, under the names that it has there.

export { HoldfastError, isHoldfastError } from '@holdfast/protocol';
export { type ImposAgent, type ImposDevice, type ImposDeviceOptions, imposDevice } from './impos-device.js';
