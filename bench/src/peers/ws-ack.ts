// What one writes first: a WebSocket, a number in front of every message, and the number back when it has been handled.
// Nothing outlives the connection.

import { once } from 'node:events';
import { createServer } from 'node:http';
import { WebSocket, WebSocketServer } from 'ws';
import { Flow } from './flow.js';
import { listen } from './listen.js';
import type { Peer } from './peer.js';

const NUMBER_BYTES = 4;

/** `ws` with an acknowledgement for every message. */
export const wsAck: Peer = {
  name: 'ws-ack',
  packages: ['ws'],
  startAgent: async () => {
    const http = createServer();
    const server = new WebSocketServer({ server: http, perMessageDeflate: false });
    let handled = 0;
    server.on('connection', (socket) => {
      socket.on('message', (message: Buffer) => {
        handled += 1;
        socket.send(message.subarray(0, NUMBER_BYTES));
      });
    });
    return { port: await listen(http), handled: () => handled };
  },
  openDevice: async (port, { messageBytes, outstandingMax }) => {
    const socket = new WebSocket(`ws://127.0.0.1:${port}`, { perMessageDeflate: false });
    await once(socket, 'open');
    const waiting = new Set<number>();
    let number = 0;
    const flow = new Flow(outstandingMax, () => {
      number = (number + 1) % 2 ** 32;
      const message = Buffer.alloc(NUMBER_BYTES + messageBytes, 7);
      message.writeUInt32BE(number);
      waiting.add(number);
      socket.send(message);
    });
    socket.on('message', (ack: Buffer) => {
      if (waiting.delete(ack.readUInt32BE())) flow.acknowledged(1);
    });
    return { deliver: (count) => flow.deliver(count) };
  },
};
