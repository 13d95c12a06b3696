// The agent's process of any contestant; its name is the argument.

import { answerRequests } from '../processes/child.js';
import { cpuMicros } from '../processes/cpu-time.js';
import { peerNamed } from './all-peers.js';
import type { Handled } from './contract.js';
import type { AgentEnd, Peer, PeerOptions } from './peer.js';

function serve(peer: Peer): void {
  let end: AgentEnd | undefined;
  answerRequests({
    start: async (options: PeerOptions) => {
      end = await peer.startAgent(options);
      return end.port;
    },
    handled: (): Handled => ({ messages: end?.handled() ?? 0, cpuMicros: cpuMicros() }),
  });
}

serve(peerNamed(process.argv[2]));
