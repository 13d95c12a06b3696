// @ts-check
// Keeps its data until `agent.send` has taken it, tries again after a while, and reconnects when the link is gone. Electric
// Imp's third listing, with `await`. A 0 under WAIT_TIL_SENT means "in the send buffer": what a link loses afterwards is
// lost. Who can not live with that uses a reliable channel.

import { RETURN_ON_ERROR, WAIT_TIL_SENT } from '@holdfast/transport/impos';

/** @typedef {import('@holdfast/transport/impos').ImpDevice} ImpDevice */

/** How many messages the program has to send. */
export const MESSAGES = 20;

/**
 * The program.
 *
 * @param {ImpDevice} device
 * @param {{ retryTime?: number, pauseTime?: number }} [times] - in seconds: until a failed send is tried again (ten minutes),
 *   and between two messages (a second)
 */
export async function transmitter({ imp, server, agent }, { retryTime = 600, pauseTime = 1 } = {}) {
  server.settimeoutpolicy(RETURN_ON_ERROR, WAIT_TIL_SENT, 10);

  /** @type {string | null} */
  let dataToSend = null;
  let produced = 0;

  async function transmitter() {
    // Make sure there is data to send.
    if (dataToSend === null) return;
    if (server.isconnected()) {
      // Connected: try to add the data to the send buffer.
      const outcome = await agent.send('message', dataToSend);
      if (outcome === 0) {
        // It is in the buffer: there is room for the next.
        server.log(`Sent ${dataToSend}`);
        dataToSend = null;
        imp.wakeup(pauseTime, produce);
      } else {
        // No room in the buffer, or the link is gone, or something else. RETURN_ON_ERROR is in force, so the device may have to
        // reconnect before the data can go: come back later and see.
        server.log(`Keeping ${dataToSend} after outcome ${outcome}`);
        imp.wakeup(retryTime, transmitter);
      }
    } else {
      // Not connected, and nothing but this will connect. Whatever comes of it, the way goes on in transmitter().
      await server.connect(reconnected);
    }
  }

  /** The callback of `server.connect` gets a reason, which `transmitter` does not want. @param {number} reason */
  function reconnected(reason) {
    server.log(`Connecting ended with reason ${reason}`);
    // An attempt that fails at once must not be followed by the next at once.
    if (server.isconnected()) return transmitter();
    imp.wakeup(pauseTime, transmitter);
  }

  /** Some part of the program that has data to send now and then. */
  function produce() {
    if (produced === MESSAGES) {
      server.log('All sent');
      return;
    }
    produced += 1;
    dataToSend = `message ${produced}`;
    return transmitter();
  }

  await produce();
}
