// NATS request/reply through a real nats-server, where one is installed. Nothing outlives the connection.

import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { createInterface } from 'node:readline';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import { Flow } from './flow.js';
import { listen } from './listen.js';
import type { Peer } from './peer.js';

const READINGS = 'bench.readings';
const TIMEOUT_MS = 30_000;

/** Requests, each answered by the application. */
export const natsRequest: Peer = {
  name: 'nats-request',
  packages: ['@nats-io/transport-node'],
  absence: () =>
    spawnSync('nats-server', ['--version']).error === undefined ? undefined : 'nats-server is not installed',
  startAgent: async () => {
    const port = await startServer();
    const connection = await connect({ servers: `127.0.0.1:${port}` });
    let handled = 0;
    connection.subscribe(READINGS, {
      callback: (error, message) => {
        if (error !== null) throw error;
        handled += 1;
        message.respond();
      },
    });
    await connection.flush();
    return { port, handled: () => handled };
  },
  openDevice: async (port, { messageBytes, outstandingMax }) => {
    const connection: NatsConnection = await connect({ servers: `127.0.0.1:${port}` });
    const data = new Uint8Array(messageBytes).fill(7);
    let failure: unknown;
    const flow: Flow = new Flow(outstandingMax, () => {
      connection.request(READINGS, data, { timeout: TIMEOUT_MS }).then(
        () => flow.acknowledged(1),
        (error) => {
          failure ??= error;
        },
      );
    });
    return {
      deliver: async (count) => {
        await flow.deliver(count);
        if (failure !== undefined) throw failure;
      },
    };
  },
};

/** The server lives as long as the agent's process. */
async function startServer(): Promise<number> {
  const probe = createServer();
  const port = await listen(probe);
  probe.close();
  await once(probe, 'close');
  const server = spawn('nats-server', ['-a', '127.0.0.1', '-p', String(port)], { stdio: ['ignore', 'ignore', 'pipe'] });
  process.on('exit', () => server.kill());
  for await (const line of createInterface(server.stderr)) {
    if (line.includes('Server is ready')) return port;
  }
  throw new Error('nats-server ended before it was ready');
}
