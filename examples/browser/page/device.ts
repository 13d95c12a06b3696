// This page as a device: its transport, its channel, and what an earlier life of the page has left in the outbox.

import {
  isHoldfastError,
  openReliableChannel,
  openStoredOutbox,
  type ReliableChannel,
  type WaitingMessage,
} from '@holdfast/reliable-channel';
import { idbStore } from '@holdfast/reliable-channel/idb';
import { createTransport, RETURN_ON_ERROR_NO_DISCONNECT, type Transport, WAIT_TIL_SENT } from '@holdfast/transport';
import { websocket } from '@holdfast/transport/websocket';
import { type RadioSpeed, slowRadio } from './slow-radio.js';

/** The lanes: urgent inspections go before all, and inspections before the readings of the sensor. */
export const LANES = { alarms: { priority: 2 }, inspections: { priority: 1 } } as const;
/** Their names, the first to go first; the sensor's is `''`. */
export const LANE_NAMES = ['alarms', 'inspections', ''] as const;

const STORE_NAME = 'outbox';
const DEVICE_ID_KEY = 'holdfast-device-id';
/** What a browser's user may leave unsent. */
const OUTBOX_MAX_MESSAGES = 50_000;
/** Short: someone is watching. A device in the field takes the defaults. */
const RECONNECT_MS = { minMs: 250, maxMs: 2_000 };
/** A silent link is asked after this time, and given up after this much more; the defaults are a minute and 45 s. */
const KEEPALIVE_MS = 4_000;
/** An agent that says "not now" for minutes is no reason to give a message up here. */
const MAX_ATTEMPTS = 1_000;
/** How long a plain send waits for its answer, in seconds. */
export const SEND_TIMEOUT_SECONDS = 3;

/** The page's end of things. */
export interface Device {
  readonly transport: Transport;
  readonly channel: ReliableChannel;
  readonly radio: RadioSpeed;
  /** The newest messages that waited when the page was opened, at most so many of each lane as were asked for. */
  readonly found: readonly WaitingMessage[];
}

/** Opens the outbox of this browser. @throws HoldfastError when it can not be opened, for example `STORE_LOCKED` */
export async function openDevice(agentUrl: string, foundMax: number): Promise<Device> {
  const found = await lookIntoOutbox(foundMax);
  const radio: RadioSpeed = { bytesPerSecond: 0 };
  const transport = createTransport({
    deviceId: deviceId(),
    link: slowRadio(websocket({ url: agentUrl }), radio),
    reconnectBackoff: RECONNECT_MS,
    keepaliveIdleMs: KEEPALIVE_MS,
    keepaliveTimeoutMs: KEEPALIVE_MS,
  });
  transport.setSendTimeoutPolicy(RETURN_ON_ERROR_NO_DISCONNECT, WAIT_TIL_SENT, SEND_TIMEOUT_SECONDS);
  const channel = await openReliableChannel({
    transport,
    store: idbStore(STORE_NAME),
    lanes: LANES,
    outboxMaxMessages: OUTBOX_MAX_MESSAGES,
    maxAttempts: MAX_ATTEMPTS,
  });
  return { transport, channel, radio, found };
}

/** Reads what waits before the channel has the store: a channel tells how many messages wait, not which. */
async function lookIntoOutbox(max: number): Promise<WaitingMessage[]> {
  try {
    const outbox = await openStoredOutbox({ store: idbStore(STORE_NAME) });
    const found: WaitingMessage[] = [];
    for (const lane of LANE_NAMES) {
      let latest: WaitingMessage[] = [];
      for await (const piece of outbox.waiting(lane)) latest = [...latest, ...piece].slice(-max);
      found.push(...latest);
    }
    await outbox.close();
    return found;
  } catch (error) {
    if (isHoldfastError(error) && error.code === 'OUTBOX_MISSING') return [];
    throw error;
  }
}

/** Two browsers are two devices, and a browser stays the same one. */
function deviceId(): string {
  const known = localStorage.getItem(DEVICE_ID_KEY);
  if (known !== null && /^page-[0-9a-f]{8}$/.test(known)) return known;
  const made = `page-${crypto.getRandomValues(new Uint32Array(1))[0]?.toString(16).padStart(8, '0')}`;
  localStorage.setItem(DEVICE_ID_KEY, made);
  return made;
}
