// The pure half of the agent. Unstable: anything may change with a minor version.

export * from './agent-queue.js';
export * from './credit-share.js';
export * from './overload.js';
