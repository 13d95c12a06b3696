// The two ways in which the proxy gives up on a socket: reset it, or keep it open and silent.
// The rule to know: libuv refuses to reset a socket whose shutdown is under way, and Node then loses its file
// descriptor. So whoever calls `end()` here does it with nothing left to write, and resets go through `resetSocket`.

import type { Socket } from 'node:net';

/** Counts what nobody will get. */
export interface DiscardCounter {
  /** Bytes that were read and thrown away. */
  discardedBytes: number;
}

/** Sends RST and forgets the socket; bytes not yet sent are lost. Does nothing when it is closed already. */
export function resetSocket(socket: Socket): void {
  if (socket.destroyed) return;
  // Before the connection stands there is nothing to reset, and Node would wait for it.
  if (socket.connecting) socket.destroy();
  else if (socket.writableEnded && !socket.writableFinished) socket.once('finish', () => resetSocket(socket));
  else socket.resetAndDestroy();
}

/** Reads and throws away all that comes, so that the sender's writes go on succeeding. Nothing is ever sent. */
export function drainSocket(socket: Socket, counter: DiscardCounter): void {
  socket.on('data', (bytes: Buffer) => {
    counter.discardedBytes += bytes.length;
  });
}
