// The transport alone, for who needs no channel.

export { createTransport } from '@holdfast/transport';
