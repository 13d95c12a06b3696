// The waits before a message that the agent did not take is sent again, as users give them.

import { checkInteger } from '@holdfast/protocol';
import type { BackoffOptions } from '@holdfast/protocol/core';

const WAIT_MS = { min: 1, max: 86_400_000 };

/** Checks the waits and fills in the defaults, 100 and 30,000 ms. @throws TypeError or RangeError that names the option */
export function resolveRetryBackoff({ minMs, maxMs }: Partial<BackoffOptions>): BackoffOptions {
  const min = checkInteger('retryBackoff.minMs', minMs ?? Math.min(100, maxMs ?? 100), WAIT_MS);
  const max = checkInteger('retryBackoff.maxMs', maxMs ?? Math.max(30_000, min), WAIT_MS);
  if (max < min) throw new RangeError('retryBackoff.maxMs must not be below retryBackoff.minMs');
  return { minMs: min, maxMs: max };
}
