// All that a page imports which sends reliably.

export { openReliableChannel } from '@holdfast/reliable-channel';
export { idbStore } from '@holdfast/reliable-channel/idb';
export { createTransport } from '@holdfast/transport';
export { websocket } from '@holdfast/transport/websocket';
