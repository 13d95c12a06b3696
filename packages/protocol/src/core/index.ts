// The pure half of the protocol, for cores and for ports. Unstable: anything here may change with a minor version.

export * from './ack-ranges.js';
export * from './backoff.js';
export * from './byte-reader.js';
export * from './byte-writer.js';
export * from './entries.js';
export * from './errors.js';
export * from './frame-decoder.js';
export * from './frame-encoder.js';
export * from './frame-parser.js';
export * from './frames.js';
export * from './invariant.js';
export * from './limits.js';
export * from './machine.js';
export * from './round-trip.js';
export * from './runtime.js';
export * from './utf8.js';
