// The floor: frames with a length on a bare socket, all messages of a turn in one write, one acknowledgement for all that
// came in one read. Nothing outlives the connection.

import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { Flow } from './flow.js';
import { listen } from './listen.js';
import type { Peer } from './peer.js';

const HEADER_BYTES = 4;

/** A bare TCP socket. */
export const bareTcp: Peer = {
  name: 'tcp',
  packages: [],
  startAgent: async () => {
    let handled = 0;
    const server = createServer({ noDelay: true }, (socket) => {
      acknowledgeFrames(socket, () => {
        handled += 1;
      });
    });
    return { port: await listen(server), handled: () => handled };
  },
  openDevice: async (port, { messageBytes, outstandingMax }) => {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true });
    await once(socket, 'connect');
    const frame = Buffer.alloc(HEADER_BYTES + messageBytes, 7);
    frame.writeUInt32BE(messageBytes);
    let turn: Buffer[] = [];
    const writeTurn = (): void => {
      socket.write(Buffer.concat(turn));
      turn = [];
    };
    const flow = new Flow(outstandingMax, () => {
      if (turn.push(frame) === 1) setImmediate(writeTurn);
    });
    readNumbers(socket, (count) => flow.acknowledged(count));
    return { deliver: (count) => flow.deliver(count) };
  },
};

/** Handles every frame, and answers each read with the number of frames that ended in it. */
function acknowledgeFrames(socket: Socket, handle: (data: Buffer) => void): void {
  let rest: Buffer = Buffer.alloc(0);
  socket.on('data', (chunk) => {
    const bytes = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    let at = 0;
    let count = 0;
    while (at + HEADER_BYTES <= bytes.length) {
      const end = at + HEADER_BYTES + bytes.readUInt32BE(at);
      if (end > bytes.length) break;
      handle(bytes.subarray(at + HEADER_BYTES, end));
      count += 1;
      at = end;
    }
    rest = bytes.subarray(at);
    if (count === 0) return;
    const ack = Buffer.alloc(4);
    ack.writeUInt32BE(count);
    socket.write(ack);
  });
}

function readNumbers(socket: Socket, take: (value: number) => void): void {
  let rest: Buffer = Buffer.alloc(0);
  socket.on('data', (chunk) => {
    const bytes = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    let at = 0;
    for (; at + 4 <= bytes.length; at += 4) take(bytes.readUInt32BE(at));
    rest = bytes.subarray(at);
  });
}
