// The agent hears of a connection when its handshake is done: TLS, or the upgrade to WebSocket. What comes before is bounded
// here, so that strangers who never finish one can not pile up.

import type { Server, Socket } from 'node:net';

/** The handshakes under way on one server. A further one than allowed takes the place of the oldest. */
export class HandshakeLimit {
  /** By the other end's address, which a secure socket has in common with the one below it. */
  readonly #open = new Map<string, Socket>();

  constructor(server: Server, handshakesMax: number) {
    server.on('connection', (socket: Socket) => {
      const key = addressOf(socket);
      const [oldest] = this.#open.values();
      if (this.#open.size >= handshakesMax) oldest?.destroy();
      this.#open.set(key, socket);
      socket.once('close', () => {
        if (this.#open.get(key) === socket) this.#open.delete(key);
      });
    });
  }

  /** The handshake on this socket is done. */
  release(socket: Socket): void {
    this.#open.delete(addressOf(socket));
  }

  /** Ends all that are under way. */
  endAll(): void {
    for (const socket of this.#open.values()) socket.destroy();
  }
}

function addressOf(socket: Socket): string {
  return `${socket.remoteAddress ?? ''} ${socket.remotePort ?? 0}`;
}
