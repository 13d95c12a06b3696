// A device, its agent and the network between them, for an hour of virtual time in which the network hardly ever works.
// The seed decides everything: when what breaks, for how long, and which handlers fail.

import { createHash } from 'node:crypto';
import { createAgent } from '@holdfast/agent';
import { memoryListener } from '@holdfast/agent/memory';
import { type Delivery, openReliableChannel } from '@holdfast/reliable-channel';
import { memoryStore } from '@holdfast/reliable-channel/memory';
import { createVirtualRuntime, randomInteger, seededRandom, type VirtualRuntime } from '@holdfast/simulator';
import { createTransport, type Link } from '@holdfast/transport';
import { createMemoryNetwork } from '@holdfast/transport/memory';

/** An hour, in milliseconds. */
export const HOUR_MS = 3_600_000;
/** A message is sent this often, in milliseconds. */
export const SEND_EVERY_MS = 500;
/** The device's waits between attempts to connect. */
export const RECONNECT_BACKOFF = { minMs: 500, maxMs: 5_000 };

const LATENCY_MS = 40;
/** What is left when the faults have stopped must be through within this time: a dead link is found in 105 seconds. */
const REST_LIMIT_MS = 300_000;
const HANDLER_MAX_MS = 50;

/** What can go wrong. */
export type Fault = 'cut' | 'unreachable' | 'blackHole' | 'restart';

/** What became of an hour. */
export interface HourReport {
  /** How each message ended, in the order of sending; `undefined`: it has not. */
  readonly outcomes: readonly (string | undefined)[];
  /** What handlers have done, in the order of doing. */
  readonly handled: readonly unknown[];
  readonly failedHandlings: number;
  /** The most often that a message had been sent when it came to its handler. */
  readonly attemptsMax: number;
  /** When the device dialed, in virtual milliseconds. */
  readonly dialsAtMs: readonly number[];
  /** When each dial but the first was to be at the earliest. */
  readonly dialsDueMs: readonly number[];
  readonly faults: Readonly<Record<Fault, number>>;
  /** From the end of the faults to the last ack, in virtual milliseconds. */
  readonly restMs: number;
  /** Of everything that was seen to happen, and when. */
  readonly traceHash: string;
}

/** Lives through `durationMs` of faults, and then through what is needed to come to rest. */
export async function liveThrough(seed: number, durationMs: number): Promise<HourReport> {
  const runtime = createVirtualRuntime({ seed });
  const trace: string[] = [];
  const note = (what: string): void => {
    trace.push(`${runtime.nowMs()} ${what}`);
  };
  const network = createMemoryNetwork({ runtime, latencyMs: LATENCY_MS });
  const agent = createAgent({ listeners: [memoryListener(network)], store: memoryStore(), runtime });
  agent.observe((event) => note(`agent ${event.type}`));
  const handler = flakyHandler(runtime, seed);
  const program = (): void => agent.on('reading', handler.handle);
  program();
  await agent.listen();

  const dialsAtMs: number[] = [];
  const dialsDueMs: number[] = [];
  const transport = createTransport({
    deviceId: 'press-7',
    link: countingLink(network.link(), () => dialsAtMs.push(runtime.nowMs())),
    reconnectBackoff: RECONNECT_BACKOFF,
    runtime,
  });
  transport.observe((event) => {
    note(`device ${event.type}`);
    if (event.type === 'reconnectScheduled') dialsDueMs.push(runtime.nowMs() + event.delayMs);
  });
  const channel = await openReliableChannel({ transport, store: memoryStore() });
  channel.observe((event) => note(`channel ${event.type} ${'last' in event ? event.last : ''}`));

  const deliveries: Delivery[] = [];
  const send = (): void => {
    deliveries.push(channel.send('reading', deliveries.length + 1));
    if (deliveries.length * SEND_EVERY_MS < durationMs) runtime.setTimer(SEND_EVERY_MS, send);
  };
  send();
  const faults = breakThings(runtime, seed, {
    untilMs: durationMs,
    note,
    cut: () => network.cut(),
    setReachable: (reachable) => network.setReachable(reachable),
    setBlackHole: (blackHole) => network.setBlackHole(blackHole),
    restart: (downMs) =>
      agent.restart(async () => {
        await pause(runtime, downMs);
        program();
      }),
  });
  await runtime.advance(durationMs);
  await runtime.runUntil(() => channel.stats().outboxMessages === 0, { limitMs: REST_LIMIT_MS });
  return {
    outcomes: deliveries.map(({ outcome }) => outcome?.status),
    handled: handler.handled,
    failedHandlings: handler.failedCount(),
    attemptsMax: handler.attemptsMax(),
    dialsAtMs,
    dialsDueMs,
    faults: faults.counts,
    restMs: runtime.nowMs() - durationMs,
    traceHash: createHash('sha256').update(trace.join('\n')).update(handler.handled.join()).digest('hex'),
  };
}

/** A handler that takes its time now and then, and fails now and then, at once or later. */
function flakyHandler(runtime: VirtualRuntime, seed: number) {
  const random = seededRandom(seed + 1);
  const handled: unknown[] = [];
  let failed = 0;
  let attemptsMax = 0;
  const finish = (data: unknown, fails: boolean): void => {
    if (fails) {
      failed += 1;
      throw new Error('the handler failed');
    }
    handled.push(data);
  };
  return {
    handled,
    failedCount: () => failed,
    attemptsMax: () => attemptsMax,
    handle: (data: unknown, message: { readonly attempt: number }): Promise<void> | undefined => {
      attemptsMax = Math.max(attemptsMax, message.attempt);
      const fails = random() % 100 < 2;
      if (random() % 100 < 90) {
        finish(data, fails);
        return undefined;
      }
      return pause(runtime, randomInteger(random, { min: 0, max: HANDLER_MAX_MS })).then(() => finish(data, fails));
    },
  };
}

interface Breakable {
  /** No fault begins later, and all have ended by then. */
  readonly untilMs: number;
  note(what: string): void;
  cut(): void;
  setReachable(reachable: boolean): void;
  setBlackHole(blackHole: boolean): void;
  restart(downMs: number): Promise<void>;
}

/** Breaks one thing after another, with a few seconds in between. */
function breakThings(runtime: VirtualRuntime, seed: number, things: Breakable) {
  const random = seededRandom(seed + 2);
  const between = (min: number, max: number): number => randomInteger(random, { min, max });
  const counts: Record<Fault, number> = { cut: 0, unreachable: 0, blackHole: 0, restart: 0 };
  const actions: Record<Fault, () => Promise<void>> = {
    cut: async () => things.cut(),
    unreachable: async () => {
      things.setReachable(false);
      things.cut();
      await pauseUpTo(between(1_000, 60_000));
      things.setReachable(true);
    },
    blackHole: async () => {
      things.setBlackHole(true);
      await pauseUpTo(between(1_000, 120_000));
      things.setBlackHole(false);
    },
    restart: () => things.restart(Math.min(between(0, 3_000), leftMs())),
  };
  const leftMs = (): number => Math.max(0, things.untilMs - runtime.nowMs());
  const pauseUpTo = (ms: number): Promise<void> => pause(runtime, Math.min(ms, leftMs()));
  const run = async (): Promise<void> => {
    for (;;) {
      await pause(runtime, between(500, 8_000));
      if (leftMs() === 0) return;
      const fault = choose(between(1, 100));
      counts[fault] += 1;
      things.note(fault);
      await actions[fault]();
    }
  };
  void run();
  return { counts };
}

function choose(percent: number): Fault {
  if (percent <= 4) return 'unreachable';
  if (percent <= 7) return 'blackHole';
  return percent <= 12 ? 'restart' : 'cut';
}

function countingLink(link: Link, onDial: () => void): Link {
  return {
    ...link,
    dial: (events, signal) => {
      onDial();
      return link.dial(events, signal);
    },
  };
}

function pause(runtime: VirtualRuntime, ms: number): Promise<void> {
  return new Promise((resolve) => runtime.setTimer(ms, resolve));
}
