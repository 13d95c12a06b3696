// @ts-check
// Grows the send buffer for the data, then sends it. The buffer only grows, and at most as far as the device allows; only a
// restart makes it small again. Electric Imp's first listing on "Managing the imp's TCP send buffer", with `await`.

/** @typedef {import('@holdfast/transport/impos').ImpDevice} ImpDevice */

/** What one message of this program holds, in bytes. */
export const DATA_BYTES = 12_000;

/** The program. @param {ImpDevice} device */
export async function growBuffer({ imp, server, agent }) {
  /** @param {Uint8Array} dataToSend */
  function increaseBuffer(dataToSend) {
    let oldSize = 0;
    const newSize = dataToSend.length;
    if (newSize > 3456) oldSize = imp.setsendbuffersize(newSize);
    server.log(`Buffer increased to ${newSize} bytes from ${oldSize} bytes`);
  }

  const dataToSend = new Uint8Array(DATA_BYTES).fill(7);
  increaseBuffer(dataToSend);
  const outcome = await agent.send('data', dataToSend);
  server.log(`Data sent with outcome ${outcome}`);
}
