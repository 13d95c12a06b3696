// Gives up when messages wait and none is acknowledged for a while. An empty outbox waits for nothing.

import type { ReliableChannel } from '@holdfast/reliable-channel';

/**
 * Calls `expired` once, when messages have waited for `timeoutMs` without any being acknowledged. Returns the function
 * that ends the watching.
 */
export function watchAcks(channel: ReliableChannel, timeoutMs: number, expired: () => void): () => void {
  let timer: NodeJS.Timeout | undefined;
  const restart = (): void => {
    clearTimeout(timer);
    timer = channel.stats().outboxMessages === 0 ? undefined : setTimeout(end, timeoutMs);
  };
  const end = (): void => {
    stop();
    expired();
  };
  const stopWatching = channel.observe(({ type }) => {
    if (type === 'acknowledged' || type === 'givenUp' || (type === 'stored' && timer === undefined)) restart();
  });
  const stop = (): void => {
    clearTimeout(timer);
    stopWatching();
  };
  restart();
  return stop;
}
