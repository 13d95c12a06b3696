// Opens links for a connection, one at a time, and gives up when the connection does.

import type { ConnectionHost } from './connection-host.js';
import { CONNECT_REASON } from './core/index.js';
import { type Link, LinkError, type Pipe } from './link.js';

/** Dials one link. */
export class Dialer {
  readonly #link: Link;
  /** Ends the dialing of a link that is not open yet. */
  #abort: AbortController | undefined;

  constructor(link: Link) {
    this.#link = link;
  }

  /** Opens the link and hands it to `host`, or tells it why that failed; tells nothing when it was abandoned. */
  async dial(host: ConnectionHost): Promise<void> {
    const abort = new AbortController();
    this.#abort = abort;
    const prepared = host.preparePipe();
    let pipe: Pipe;
    try {
      pipe = await this.#link.dial(prepared.events, abort.signal);
    } catch (error) {
      if (abort.signal.aborted) return;
      const reason = error instanceof LinkError ? error.reason : CONNECT_REASON.noServer;
      const detail = error instanceof Error ? error.message : String(error);
      host.feed({ type: 'linkFailed', reason, detail });
      return;
    }
    if (abort.signal.aborted) {
      pipe.destroy();
      return;
    }
    this.#abort = undefined;
    prepared.take(pipe, { type: 'linkOpened' });
  }

  /** Gives up what is being dialed. */
  abandon(): void {
    this.#abort?.abort();
  }
}
