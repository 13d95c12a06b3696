// The server's side of a network inside one process, for tests and for virtual time.

import type { PipeEvents } from '@holdfast/transport';
import type { MemoryNetwork } from '@holdfast/transport/memory';
import type { Listener } from '../listener.js';

/** Listens on a memory network, or on another network inside this process that takes listeners in the same way. */
export function memoryListener(network: Pick<MemoryNetwork, 'writeMaxBytes' | 'listen'>): Listener {
  return {
    isLoopback: true,
    writeMaxBytes: network.writeMaxBytes,
    listen: async (accept) => {
      const stop = network.listen((pipe) => {
        let wanted: PipeEvents | undefined;
        accept((events) => {
          wanted = events;
          return pipe;
        });
        return wanted ?? NO_EVENTS;
      });
      return { address: 'memory', port: undefined, close: async () => stop() };
    },
  };
}

/** For a pipe that was turned away at once. */
const NO_EVENTS: PipeEvents = { received: () => {}, closed: () => {} };
