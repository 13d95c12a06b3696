// The network of one way: a chaos proxy in a process of its own, steered by the conductor.

import { startChaosProxy } from '@holdfast/simulator/chaos-proxy';
import {
  endWithConductor,
  type NetworkSettings,
  processSettings,
  type ToNetwork,
  tellConductor,
} from '../process-messages.js';

/** One way through the network, in milliseconds. */
const DELAY_MS = 4;

const HOST = '127.0.0.1';

const { targetPort } = processSettings<NetworkSettings>();
const proxy = await startChaosProxy({ target: { host: HOST, port: targetPort } });
proxy.delay(DELAY_MS);

process.on('message', (message: ToNetwork) => {
  switch (message.type) {
    case 'cut':
      proxy.cut();
      break;
    case 'blackHole':
      void proxy.blackHole(message.on);
      break;
    case 'refuse':
      if (message.on) proxy.cut();
      void proxy.refuse(message.on);
      break;
    case 'retarget':
      proxy.retarget({ host: HOST, port: message.port });
      break;
  }
});
endWithConductor();
tellConductor({ type: 'listening', port: proxy.port });
