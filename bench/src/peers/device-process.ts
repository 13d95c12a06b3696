// The device's process of any contestant; its name is the argument.

import { answerRequests } from '../processes/child.js';
import { cpuMicros } from '../processes/cpu-time.js';
import { peerNamed } from './all-peers.js';
import type { Delivered, OpenRequest } from './contract.js';
import type { DeviceEnd, Peer } from './peer.js';

function serve(peer: Peer): void {
  let end: DeviceEnd | undefined;
  answerRequests({
    open: async ({ port, options }: OpenRequest) => {
      end = await peer.openDevice(port, options);
    },
    deliver: async (count: number): Promise<Delivered> => {
      const startMs = performance.now();
      const startMicros = cpuMicros();
      await end?.deliver(count);
      return { tookMs: performance.now() - startMs, cpuMicros: cpuMicros() - startMicros };
    },
  });
}

serve(peerNamed(process.argv[2]));
