// What the demo's device and agent agree on. The waits are short, so that a storm of days fits into half a minute.

import type { ConnectionLimits } from '@holdfast/transport';

/** The name of the messages. */
export const READING_NAME = 'machine-temperature';

/** A dead link is found within 1.2 s, in place of impOS's 105 s. */
export const DEMO_CONNECTION: ConnectionLimits = {
  keepaliveIdleMs: 600,
  keepaliveTimeoutMs: 600,
  handshakeTimeoutMs: 600,
};

/** The waits between attempts to connect, in milliseconds. */
export const DEMO_BACKOFF = { minMs: 50, maxMs: 400 };

/** How long a plain send may take, in seconds. */
export const DEMO_SEND_TIMEOUT_SECONDS = 1;
