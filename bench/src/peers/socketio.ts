// socket.io, by its acknowledgements and by its retries. Its messages are text: binary ones go as two packets and are slower.
// Nothing outlives the process, nor, with plain acknowledgements, the connection.

import { once } from 'node:events';
import { createServer } from 'node:http';
import { Server } from 'socket.io';
import { io, type Socket } from 'socket.io-client';
import { Flow } from './flow.js';
import { listen } from './listen.js';
import type { Peer } from './peer.js';

/** `emitWithAck`. */
export const socketioAck: Peer = socketio('socketio-ack', {});

/** With `retries`, which sends one message after another. */
export const socketioRetries: Peer = socketio('socketio-retries', { retries: 3, ackTimeout: 10_000 });

function socketio(name: string, delivery: { readonly retries?: number; readonly ackTimeout?: number }): Peer {
  return {
    name,
    packages: ['socket.io', 'socket.io-client'],
    startAgent: async () => {
      const http = createServer();
      const server = new Server(http, { transports: ['websocket'] });
      let handled = 0;
      server.on('connection', (socket) => {
        socket.on('reading', (_data: string, acknowledge: () => void) => {
          handled += 1;
          acknowledge();
        });
      });
      return { port: await listen(http), handled: () => handled };
    },
    openDevice: async (port, { messageBytes, outstandingMax }) => {
      const socket: Socket = io(`http://127.0.0.1:${port}`, { transports: ['websocket'], ...delivery });
      await once(socket as unknown as NodeJS.EventEmitter, 'connect');
      const data = '7'.repeat(messageBytes);
      let failure: unknown;
      const flow: Flow = new Flow(outstandingMax, () => {
        socket.emitWithAck('reading', data).then(
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
}
