// The pure half of the channel, for ports, tests and the simulator. Unstable: anything may change with a minor version.

export * from './ack-timer.js';
export * from './batch-collector.js';
export * from './checksum.js';
export * from './data-frames.js';
export * from './inbox-record.js';
export * from './loaded-batches.js';
export * from './outbox.js';
export * from './outbox-record.js';
export * from './receiver.js';
export * from './receiver-contract.js';
export * from './receiving-lanes.js';
export * from './retry-schedule.js';
export * from './sender.js';
export * from './sender-contract.js';
export * from './settled-numbers.js';
export * from './storage-schedule.js';
export * from './store-operation.js';
export * from './transmission.js';
export * from './window.js';
