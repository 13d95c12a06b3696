// The pure half of the transport, for ports, tests and the simulator. Unstable: anything may change with a minor version.

export * from './callers.js';
export * from './connection.js';
export * from './connection-state.js';
export * from './contract.js';
export * from './deadlines.js';
export * from './disconnect-cause.js';
export * from './handshake.js';
export * from './incoming.js';
export * from './keepalive.js';
export * from './outgoing.js';
export * from './recovery.js';
export * from './send-buffer.js';
export * from './send-codes.js';
export * from './sending.js';
