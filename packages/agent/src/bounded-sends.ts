// Plain messages to a device that does not read. What finds no room in the send buffer waits behind it, and would pile up
// without end; here it is bounded in bytes, by the transport in number, and by a timeout in time: a message that waits
// too long costs the connection, because half of it may have left already.

import { encodeMessage, HoldfastError } from '@holdfast/protocol';
import type { AcceptedConnection, SendCode } from '@holdfast/transport';

/** How long a plain message to a device may wait for room in the send buffer, in milliseconds. */
export const SEND_TIMEOUT_MS = 30_000;

/**
 * Bytes of data that may wait for one device to read. Messages that go straight into the send buffer do not count, and
 * neither does the first one that does not fit.
 */
export const UNSENT_MAX_BYTES = 4 * 1024 * 1024;

/** The sends of plain messages over one connection. */
export class BoundedSends {
  readonly #connection: Pick<AcceptedConnection, 'carrier' | 'send'>;
  #unsentBytes = 0;

  constructor(connection: Pick<AcceptedConnection, 'carrier' | 'send'>) {
    this.#connection = connection;
  }

  /** Bytes of data that wait. */
  get unsentBytes(): number {
    return this.#unsentBytes;
  }

  /**
   * Sends a message and resolves with its send code.
   *
   * @throws HoldfastError at once when the message can not be sent at all, or `TOO_MANY_SENDS`
   */
  send(name: string, data: unknown): Promise<SendCode> {
    if (this.#connection.carrier.freeBytes > 0) return this.#connection.send(name, data, SEND_TIMEOUT_MS);
    // Encoded a second time when it is sent, which costs only those who send to a device that is behind.
    const bytes = encodeMessage(name, data).data.length;
    if (this.#unsentBytes + bytes > UNSENT_MAX_BYTES) {
      const text = `${this.#unsentBytes} bytes wait for this device to read, and ${UNSENT_MAX_BYTES} are allowed`;
      throw new HoldfastError('TOO_MANY_SENDS', `${text}; await some of the sends`);
    }
    const sent = this.#connection.send(name, data, SEND_TIMEOUT_MS);
    this.#unsentBytes += bytes;
    return sent.finally(() => {
      this.#unsentBytes -= bytes;
    });
  }
}
