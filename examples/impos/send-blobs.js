// @ts-check
// Sends a row of blobs, one after another, each only when the server has acknowledged the one before. When the link fails the
// program stands still at its `await` and goes on when the link is back. Electric Imp's second listing, with `await`.

import { SUSPEND_ON_ERROR, WAIT_FOR_ACK } from '@holdfast/transport/impos';

/** @typedef {import('@holdfast/transport/impos').ImpDevice} ImpDevice */

/** How many blobs there are. */
export const BLOBS = 20;
/** What one of them holds, in bytes. */
export const BLOB_BYTES = 1_000;

/** The program. @param {ImpDevice} device */
export async function sendBlobs({ server, agent }) {
  server.settimeoutpolicy(SUSPEND_ON_ERROR, WAIT_FOR_ACK, 10);

  // The program does some work, and ends up with a row of blobs.
  const buffer = Array.from({ length: BLOBS }, (_, index) => new Uint8Array(BLOB_BYTES).fill(index));

  for (const [count, blob] of buffer.entries()) {
    // No send returns until the server has acknowledged all of it.
    const outcome = await agent.send('blob', blob);
    if (outcome === 0) server.log(`Blob ${count + 1} sent to server`);
  }
}
