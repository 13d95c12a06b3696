// Servers on a port of the system's choice.

import { once } from 'node:events';
import type { Server } from 'node:net';

/** Listens on loopback. @returns the port */
export async function listen(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the system gave no port');
  return address.port;
}
