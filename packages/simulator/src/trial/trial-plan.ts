// Everything of a trial that is decided before it begins, drawn from its seed: the path, the programs' limits, who sends what
// when, and what breaks when. Each part has draws of its own, so that a change to one leaves the others as they are.

import { checkInteger, type RandomUint32 } from '@holdfast/protocol';
import type { Importance, WhenFull } from '@holdfast/reliable-channel';
import {
  type OnError,
  RETURN_ON_ERROR,
  RETURN_ON_ERROR_NO_DISCONNECT,
  SUSPEND_ON_ERROR,
  WAIT_FOR_ACK,
  WAIT_TIL_SENT,
  type WaitFor,
} from '@holdfast/transport';
import { derivedRandom } from '../path/derived-random.js';
import type { PathParameterChoices } from '../path/parameters.js';
import { pick, randomInteger } from '../seeded-random.js';
import { drawFaults, type PlannedFault } from './fault-plan.js';

/** One message that a program is going to send. */
export interface PlannedSend {
  readonly atMs: number;
  readonly device: string;
  /** Who sends: the device, or the agent to this device. */
  readonly sender: 'device' | 'agent';
  /** Of its body. */
  readonly bytes: number;
  /** What is asked for a message that goes through the channel. */
  readonly lane: string;
  readonly importance: Importance;
  /** 0: it does not expire. */
  readonly ttlMs: number;
  /** Empty: it has none. */
  readonly coalesceKey: string;
  /** 0: as many as the channel says. */
  readonly maxAttempts: number;
  /** The program calls it back so long after it was sent; `undefined`: it does not. */
  readonly cancelAfterMs: number | undefined;
  /** The policy of a plain message; `undefined`: it goes through the channel. */
  readonly plain: { readonly onError: OnError; readonly waitFor: WaitFor; readonly timeoutSeconds: number } | undefined;
}

/** The limits that the programs of a trial set. */
export interface PlannedLimits {
  readonly sendBufferBytes: number;
  readonly keepaliveIdleMs: number;
  readonly keepaliveTimeoutMs: number;
  readonly reconnectMaxMs: number;
  readonly outboxMaxMessages: number;
  readonly whenFull: WhenFull;
  readonly maxAttempts: number;
  readonly windowMaxMessages: number;
  readonly agentQueueMaxMessages: number;
  readonly creditMessages: number;
  /** A commit takes up to so long. */
  readonly commitMaxMs: number;
}

/** What a trial is going to be. */
export interface TrialPlan {
  readonly seed: number;
  readonly devices: readonly string[];
  readonly path: PathParameterChoices;
  readonly limits: PlannedLimits;
  /** The lanes that messages are sent in, with their priorities. */
  readonly lanes: Readonly<Record<string, { readonly priority: number }>>;
  /** The agent handles nothing of this lane, from some time on until long after the faults; `undefined`: it handles all. */
  readonly stuckLane: { readonly lane: string; readonly fromMs: number } | undefined;
  /** In the order of time. None is later than `faultsOverMs`. */
  readonly sends: readonly PlannedSend[];
  /** In the order of time. All have ended at `faultsOverMs`. */
  readonly faults: readonly PlannedFault[];
  readonly faultsOverMs: number;
}

const DEVICES_MAX = 3;
/** Messages of all devices. */
const SENDS = { min: 25, max: 125 };
/** The time of faults, in milliseconds. */
const FAULTS_OVER_MS = { min: 90_000, max: 240_000 };
const BODY_MAX_BYTES = 8_192;
/** Of every five messages of a device four go through the channel. */
const PLAIN_ONE_IN = 5;
/** Of every four messages one is of the agent. */
const OF_AGENT_ONE_IN = 4;
const LANE_NAMES = ['', 'alarms', 'readings', 'logs'];
const STUCK_ONE_IN = 4;

/** Draws a trial. @param seed - integer from 0 to 2^53 - 1; anything else is a TypeError or RangeError */
export function drawTrial(seed: number): TrialPlan {
  checkInteger('seed', seed, { min: 0, max: Number.MAX_SAFE_INTEGER });
  const random = derivedRandom(seed, 'trial');
  const devices = Array.from(
    { length: randomInteger(random, { min: 1, max: DEVICES_MAX }) },
    (_, i) => `device-${i + 1}`,
  );
  const faultsOverMs = randomInteger(random, FAULTS_OVER_MS);
  const lanes = drawLanes(derivedRandom(seed, 'trial/lanes'));
  const names = Object.keys(lanes);
  const sends = drawSends(derivedRandom(seed, 'trial/sends'), { devices, lanes: names, faultsOverMs });
  return {
    seed,
    devices,
    path: drawPath(derivedRandom(seed, 'trial/path')),
    limits: drawLimits(derivedRandom(seed, 'trial/limits')),
    lanes,
    stuckLane: drawStuckLane(derivedRandom(seed, 'trial/stuck lane'), names, faultsOverMs),
    sends,
    faults: drawFaults(derivedRandom(seed, 'trial/faults'), { devices, sends, overMs: faultsOverMs }),
    faultsOverMs,
  };
}

function drawPath(random: RandomUint32): PathParameterChoices {
  const between = (min: number, max: number): number => randomInteger(random, { min, max });
  const percent = (min: number, max: number): number => between(min * 10, max * 10) / 1_000;
  const hasBursts = between(1, 3) === 1;
  const burst = { beginProbability: percent(0, 2), endProbability: percent(20, 60), probability: percent(50, 100) };
  return {
    chip: {
      latencyMs: between(1, 10),
      jitterMs: between(0, 10),
      bytesPerSecond: between(20_000, 250_000),
      capacityBytes: between(1_152, 11_520),
      radioSlotMs: between(0, 10),
      loss: { probability: percent(0, 5) },
    },
    accessPoint: { latencyMs: between(1, 5), capacityBytes: between(4_096, 65_536) },
    router: {
      latencyMs: between(5, 200),
      jitterMs: between(0, 40),
      bytesPerSecond: between(50_000, 2_500_000),
      capacityBytes: between(4_096, 65_536),
      loss: hasBursts ? { probability: percent(0, 3), burst } : { probability: percent(0, 8) },
      reorderProbability: pick(random, [0, 0.02, 0.1]),
      reorderDelayMs: between(5, 100),
    },
    server: { sendBufferBytes: between(4_096, 32_768) },
  };
}

function drawLimits(random: RandomUint32): PlannedLimits {
  const between = (min: number, max: number): number => randomInteger(random, { min, max });
  return {
    sendBufferBytes: between(1_024, 8_192),
    keepaliveIdleMs: between(5_000, 60_000),
    keepaliveTimeoutMs: between(5_000, 45_000),
    reconnectMaxMs: between(4_000, 30_000),
    outboxMaxMessages: pick(random, [5, 12, 40, 1_000]),
    whenFull: pick<WhenFull>(random, ['reject', 'wait', 'evict']),
    maxAttempts: pick(random, [2, 5, 16, 1_000]),
    windowMaxMessages: pick(random, [1, 4, 32, 4_096]),
    // Channels share this room and do not overload the agent by themselves; plain messages do when it is scarce.
    agentQueueMaxMessages: pick(random, [1, 5, 10_000]),
    creditMessages: pick(random, [1, 4, 1_024]),
    commitMaxMs: pick(random, [0, 10, 200]),
  };
}

/** One to four lanes; one of them may come before the others, or behind. */
function drawLanes(random: RandomUint32): TrialPlan['lanes'] {
  const names = LANE_NAMES.slice(0, randomInteger(random, { min: 1, max: LANE_NAMES.length }));
  return Object.fromEntries(names.map((name) => [name, { priority: pick(random, [-1, 0, 0, 5]) }]));
}

function drawStuckLane(random: RandomUint32, lanes: readonly string[], faultsOverMs: number): TrialPlan['stuckLane'] {
  if (lanes.length < 2 || randomInteger(random, { min: 1, max: STUCK_ONE_IN }) > 1) return undefined;
  return { lane: pick(random, lanes), fromMs: randomInteger(random, { min: 0, max: faultsOverMs }) };
}

interface SendSurroundings {
  readonly devices: readonly string[];
  readonly lanes: readonly string[];
  readonly faultsOverMs: number;
}

function drawSends(random: RandomUint32, { devices, lanes, faultsOverMs }: SendSurroundings): PlannedSend[] {
  const between = (min: number, max: number): number => randomInteger(random, { min, max });
  const sends: PlannedSend[] = [];
  const count = randomInteger(random, SENDS);
  // Some come alone, some in one turn with others.
  while (sends.length < count) {
    const place = { atMs: between(0, faultsOverMs), device: pick(random, devices) };
    const sender = between(1, OF_AGENT_ONE_IN) === 1 ? 'agent' : 'device';
    const together = between(1, 4) === 1 ? between(2, 10) : 1;
    for (let i = 0; i < together; i += 1) {
      const isPlain = sender === 'device' && between(1, PLAIN_ONE_IN) === 1;
      const plain = isPlain ? drawPolicy(random) : undefined;
      sends.push({ ...place, sender, bytes: drawBytes(random), ...drawWishes(random, lanes), plain });
    }
  }
  return sends.sort((a, b) => a.atMs - b.atMs);
}

/** Most messages ask for nothing; each wish is in some. */
function drawWishes(random: RandomUint32, lanes: readonly string[]) {
  const between = (min: number, max: number): number => randomInteger(random, { min, max });
  return {
    lane: pick(random, lanes),
    importance: pick<Importance>(random, ['critical', 'critical', 'critical', 'high', 'low']),
    ttlMs: pick(random, [0, 0, 0, between(1, 1_000), between(1_000, 60_000), 86_400_000]),
    coalesceKey: pick(random, ['', '', '', '', 'level', 'mode']),
    maxAttempts: pick(random, [0, 0, 0, 1, 3]),
    cancelAfterMs: pick(random, [undefined, undefined, undefined, undefined, 0, between(1, 5_000)]),
  };
}

/** Small ones are as likely as large ones. */
function drawBytes(random: RandomUint32): number {
  const magnitude = 2 ** randomInteger(random, { min: 0, max: 13 });
  return Math.min(BODY_MAX_BYTES, randomInteger(random, { min: magnitude, max: 2 * magnitude - 1 }));
}

/**
 * A program under SUSPEND_ON_ERROR must give its sends time enough for its link: one that times out costs the connection and
 * is made again, so that a timeout below what the link needs never ends. impOS's own is 30 seconds.
 */
function drawPolicy(random: RandomUint32): PlannedSend['plain'] {
  const onError = pick<OnError>(random, [SUSPEND_ON_ERROR, RETURN_ON_ERROR, RETURN_ON_ERROR_NO_DISCONNECT]);
  const waitFor = pick<WaitFor>(random, [WAIT_TIL_SENT, WAIT_FOR_ACK]);
  const timeoutSeconds = randomInteger(random, { min: onError === SUSPEND_ON_ERROR ? 20 : 1, max: 30 });
  return { onError, waitFor, timeoutSeconds };
}
