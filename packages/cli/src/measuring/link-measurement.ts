// What a link carries under each way of waiting, measured on the link itself: the same messages, one way after another,
// each until the last of its messages has been acknowledged.

import { openReliableChannel } from '@holdfast/reliable-channel';
import { memoryStore } from '@holdfast/reliable-channel/memory';
import {
  CONNECT_REASON,
  RETURN_ON_ERROR,
  SEND_OK,
  type Transport,
  WAIT_FOR_ACK,
  WAIT_TIL_SENT,
  type WaitFor,
} from '@holdfast/transport';
import { CommandError } from '../command-error.js';

/** What is to be measured. */
export interface LinkPlan {
  readonly transport: Transport;
  /** For people: `127.0.0.1:7400`. */
  readonly target: string;
  /** Of the messages that are sent; the agent needs a handler for it. */
  readonly name: string;
  readonly messageBytes: number;
  /** How long each way sends, in seconds. */
  readonly seconds: number;
  /** Says what is being measured now. */
  note(text: string): void;
}

/** What one way came to. */
export interface WayFigures {
  readonly way: string;
  readonly messages: number;
  readonly messagesPerSecond: number;
  /** Half of the messages were acknowledged within this time, in milliseconds. Never known under WAIT_TIL_SENT. */
  readonly ackP50Ms: number | undefined;
  /** What the measured round trip makes one expect; for those ways that it limits. */
  readonly expectedPerSecond: number | undefined;
}

/** All figures of a link. */
export interface LinkFigures {
  readonly roundTripMs: number;
  readonly ways: readonly WayFigures[];
}

const OUTSTANDING = [1, 8];
const LONE_MESSAGES = 20;
/** How long anything may take beside the measuring itself, in seconds. */
const PATIENCE_SECONDS = 30;
/** In the channel's outbox at a time. */
const WAITING_MESSAGES = 4_096;

/** Measures every way. @throws CommandError when there is no connection, it is lost, or the agent does not answer */
export async function measureLink(plan: LinkPlan): Promise<LinkFigures> {
  const { transport, target, note } = plan;
  note(`connecting to ${target}`);
  transport.setSendTimeoutPolicy(RETURN_ON_ERROR, WAIT_FOR_ACK, PATIENCE_SECONDS);
  const reason = await transport.connect({ timeoutMs: PATIENCE_SECONDS * 1_000 });
  if (reason !== CONNECT_REASON.connected) {
    throw new CommandError(`can not connect to ${target}: check address and token, and that an agent listens there`);
  }
  note('round trip');
  const roundTripMs = await measureRoundTrip(plan);
  const ways: WayFigures[] = [];
  for (const outstanding of OUTSTANDING) {
    const way = outstanding === 1 ? 'WAIT_FOR_ACK' : `WAIT_FOR_ACK, ${outstanding} outstanding`;
    note(way);
    const expected = (outstanding * 1_000) / roundTripMs;
    ways.push(await measureSends(plan, way, WAIT_FOR_ACK, outstanding, expected));
  }
  note('WAIT_TIL_SENT');
  ways.push(await measureSends(plan, 'WAIT_TIL_SENT', WAIT_TIL_SENT, 1, undefined));
  note('reliable channel');
  ways.push(await measureChannel(plan));
  return { roundTripMs, ways };
}

async function measureRoundTrip({ transport, name, target }: LinkPlan): Promise<number> {
  const times: number[] = [];
  for (let sent = 0; sent < LONE_MESSAGES; sent += 1) {
    const startMs = performance.now();
    if ((await transport.send(name, null)) !== SEND_OK) throw lost(target);
    times.push(performance.now() - startMs);
  }
  return p50(times);
}

async function measureSends(
  { transport, name, messageBytes, seconds, target }: LinkPlan,
  way: string,
  waitFor: WaitFor,
  outstanding: number,
  expectedPerSecond: number | undefined,
): Promise<WayFigures> {
  transport.setSendTimeoutPolicy(RETURN_ON_ERROR, waitFor, PATIENCE_SECONDS);
  const data = new Uint8Array(messageBytes);
  const times: number[] = [];
  const startMs = performance.now();
  const loop = async (): Promise<void> => {
    while (performance.now() - startMs < seconds * 1_000) {
      const sentMs = performance.now();
      if ((await transport.send(name, data)) !== SEND_OK) throw lost(target);
      times.push(performance.now() - sentMs);
    }
  };
  await Promise.all(Array.from({ length: outstanding }, loop));
  // What is in the send buffer has not been carried by the link yet.
  if (!(await transport.flush(PATIENCE_SECONDS))) throw lost(target);
  const messagesPerSecond = (times.length * 1_000) / (performance.now() - startMs);
  const ackP50Ms = waitFor === WAIT_FOR_ACK ? p50(times) : undefined;
  return { way, messages: times.length, messagesPerSecond, ackP50Ms, expectedPerSecond };
}

async function measureChannel({ transport, name, messageBytes, seconds, target }: LinkPlan): Promise<WayFigures> {
  const channel = await openReliableChannel({ transport, store: memoryStore() });
  try {
    const data = new Uint8Array(messageBytes);
    const sentAtMs: number[] = [];
    const times: number[] = [];
    const startMs = performance.now();
    const fill = (count: number): void => {
      if (performance.now() - startMs >= seconds * 1_000) return;
      for (let sent = 0; sent < count; sent += 1) {
        sentAtMs.push(performance.now());
        channel.send(name, data);
      }
    };
    channel.observe((event) => {
      if (event.type !== 'acknowledged') return;
      const nowMs = performance.now();
      for (let number = event.first; number <= event.last; number += 1)
        times.push(nowMs - (sentAtMs[number - 1] ?? nowMs));
      fill(event.last - event.first + 1);
    });
    fill(WAITING_MESSAGES);
    if (!(await channel.drain({ timeoutMs: (seconds + PATIENCE_SECONDS) * 1_000 }))) {
      throw new CommandError(
        `the agent at ${target} has not acknowledged all: it needs a handler for messages named ${name} (--name), and more time on a slow link (fewer --bytes)`,
      );
    }
    const messagesPerSecond = (times.length * 1_000) / (performance.now() - startMs);
    return {
      ...{ way: 'reliable channel', messages: times.length, messagesPerSecond },
      ...{ ackP50Ms: p50(times), expectedPerSecond: undefined },
    };
  } finally {
    await channel.close();
  }
}

function lost(target: string): CommandError {
  return new CommandError(`the connection to ${target} was lost while it was being measured; run this again`);
}

function p50(times: readonly number[]): number {
  const sorted = [...times].sort((one, other) => one - other);
  return sorted[Math.floor(sorted.length / 2)] ?? 0;
}
