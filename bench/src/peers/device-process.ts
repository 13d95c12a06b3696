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
    /** One message after another, each alone on the way: how long each took, in milliseconds. */
    deliverLone: async (count: number): Promise<Float64Array> => {
      const tookMs = new Float64Array(count);
      for (let index = 0; index < count; index += 1) {
        const startMs = performance.now();
        await end?.deliver(1);
        tookMs[index] = performance.now() - startMs;
      }
      return tookMs;
    },
  });
}

serve(peerNamed(process.argv[2]));
