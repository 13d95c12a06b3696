// Waits for what nobody tells: an agent that closes looks now and then whether it is done.

import type { Runtime } from '@holdfast/protocol';

/** How often a closing agent looks whether its handlers are done, and for how long, in milliseconds. */
const POLL_MS = 10;
const TIMEOUT_MS = 10_000;

/** Resolves when `isDone` says so, or after `TIMEOUT_MS`. */
export async function pollUntil(runtime: Runtime, isDone: () => boolean): Promise<void> {
  const giveUpMs = runtime.nowMs() + TIMEOUT_MS;
  while (!isDone() && runtime.nowMs() < giveUpMs) {
    await new Promise<void>((resolve) => runtime.setTimer(POLL_MS, resolve));
  }
}
