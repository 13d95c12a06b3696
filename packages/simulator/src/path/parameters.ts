// What a simulated path is like: per stage its latency, bandwidth, capacity and loss. Checked here, once. The defaults are
// those of a small device on WiFi whose server is in a data centre: a round trip of 75 to 100 ms, 250 kB/s over the radio.

import { checkInteger, checkNumber } from '@holdfast/protocol';

/** Loss of single transmissions, each from 0 to 1. */
export interface LossParameters {
  /** That a transmission is lost while the line is good. @default 0, and 0.01 on the chip's radio */
  readonly probability: number;
  /** Bursts (Gilbert and Elliott): before each transmission the line may turn bad, or good again. @default none */
  readonly burst?: {
    /** That a good line turns bad. */
    readonly beginProbability: number;
    /** That a bad line turns good; 1 over it is the mean length of a burst in transmissions. */
    readonly endProbability: number;
    /** That a transmission is lost while the line is bad. */
    readonly probability: number;
  };
}

/** What every stage has. All but the capacity is about the line that the stage puts segments on, either way. */
export interface StageParameters {
  /** Of the line, one way, in milliseconds. @default chip 2, accessPoint 3, router 30, server 0 */
  readonly latencyMs: number;
  /** Added to the latency, uniform from 0 to this, in milliseconds; never changes the order. @default chip 3, accessPoint 2, router 4, server 0 */
  readonly jitterMs: number;
  /** How fast payload goes on the line; 0 or Infinity: at once. @default chip 250000, accessPoint 1250000, router 2500000, server 0 */
  readonly bytesPerSecond: number;
  /**
   * The payload that the stage holds at most, at least one segment (576). At the limit what arrives is lost. The chip
   * keeps what the server has not acknowledged, and takes no more writes at its limit.
   * @default chip 5840, accessPoint 65536, router 65536, server 1048576
   */
  readonly capacityBytes: number;
  readonly loss: LossParameters;
}

/** The WiFi chip, the radio both ways, and the device's end of each connection. */
export interface ChipParameters extends StageParameters {
  /** A radio that was silent, or was not acknowledged, begins at a multiple of this, in milliseconds; 0: at once. @default 5 */
  readonly radioSlotMs: number;
  /** Transmissions of one segment over the radio before it is lost. @default 7 */
  readonly attemptsMax: number;
  /** Wait for the other end's acknowledgement, both before it is measured and at least, in milliseconds. It doubles. @default 300 */
  readonly retransmitMs: number;
  /** Up to which that wait doubles, in milliseconds. @default 10000, or `retransmitMs` when that is more */
  readonly retransmitMaxMs: number;
  /** Without any progress for so long, in milliseconds, either end takes the connection for dead. @default 180000 */
  readonly unansweredMaxMs: number;
  /** From `end` until either end gives up what is not acknowledged, in milliseconds. @default 20000 */
  readonly endMaxMs: number;
}

/** The router between the access point and the server. */
export interface RouterParameters extends StageParameters {
  /** That a segment is held up on the line, and others may pass it. @default 0 */
  readonly reorderProbability: number;
  /** For how long it is held up, in milliseconds. @default 20 */
  readonly reorderDelayMs: number;
}

/** The server's machine. */
export interface ServerParameters extends StageParameters {
  /** What one connection of the server keeps until the device has acknowledged it. @default 32768 */
  readonly sendBufferBytes: number;
}

/** Every parameter, checked. */
export interface PathParameters {
  readonly chip: ChipParameters;
  readonly accessPoint: StageParameters;
  readonly router: RouterParameters;
  readonly server: ServerParameters;
}

/** What is to differ from the defaults. */
export type PathParameterChoices = { readonly [Stage in keyof PathParameters]?: Partial<PathParameters[Stage]> };

/** The payload of one segment at most: the packet of impOS. */
export const SEGMENT_MAX_BYTES = 576;

const NO_LOSS: LossParameters = Object.freeze({ probability: 0 });
const DEFAULTS = Object.freeze({
  chip: { latencyMs: 2, jitterMs: 3, bytesPerSecond: 250_000, capacityBytes: 5_840, loss: { probability: 0.01 } },
  accessPoint: { latencyMs: 3, jitterMs: 2, bytesPerSecond: 1_250_000, capacityBytes: 65_536, loss: NO_LOSS },
  router: { latencyMs: 30, jitterMs: 4, bytesPerSecond: 2_500_000, capacityBytes: 65_536, loss: NO_LOSS },
  server: { latencyMs: 0, jitterMs: 0, bytesPerSecond: 0, capacityBytes: 1_048_576, loss: NO_LOSS },
});
const DEFAULT_RETRANSMIT_MAX_MS = 10_000;

const PROBABILITY = { min: 0, max: 1 };
const TIME_MS = { min: 0, max: 86_400_000 };
const WAIT_MS = { min: 1, max: 86_400_000 };
const BYTES = { min: SEGMENT_MAX_BYTES, max: Number.MAX_SAFE_INTEGER };

/** Checks parameters and fills in defaults. @throws TypeError or RangeError that names the parameter */
export function resolvePathParameters(choices: PathParameterChoices): PathParameters {
  const { chip = {}, router = {}, server = {} } = choices;
  const retransmitMs = checkNumber('chip.retransmitMs', chip.retransmitMs ?? 300, WAIT_MS);
  const retransmitMaxMs = chip.retransmitMaxMs ?? Math.max(DEFAULT_RETRANSMIT_MAX_MS, retransmitMs);
  const maxMs = { min: retransmitMs, max: WAIT_MS.max };
  return Object.freeze({
    chip: Object.freeze({
      ...resolveStage('chip', chip),
      radioSlotMs: checkNumber('chip.radioSlotMs', chip.radioSlotMs ?? 5, TIME_MS),
      attemptsMax: checkInteger('chip.attemptsMax', chip.attemptsMax ?? 7, { min: 1, max: 1_000 }),
      retransmitMs,
      retransmitMaxMs: checkNumber('chip.retransmitMaxMs', retransmitMaxMs, maxMs),
      unansweredMaxMs: checkNumber('chip.unansweredMaxMs', chip.unansweredMaxMs ?? 180_000, WAIT_MS),
      endMaxMs: checkNumber('chip.endMaxMs', chip.endMaxMs ?? 20_000, WAIT_MS),
    }),
    accessPoint: Object.freeze(resolveStage('accessPoint', choices.accessPoint ?? {})),
    router: Object.freeze({
      ...resolveStage('router', router),
      reorderProbability: checkNumber('router.reorderProbability', router.reorderProbability ?? 0, PROBABILITY),
      reorderDelayMs: checkNumber('router.reorderDelayMs', router.reorderDelayMs ?? 20, TIME_MS),
    }),
    server: Object.freeze({
      ...resolveStage('server', server),
      sendBufferBytes: checkInteger('server.sendBufferBytes', server.sendBufferBytes ?? 32_768, BYTES),
    }),
  });
}

function resolveStage(name: keyof PathParameters, choices: Partial<StageParameters>): StageParameters {
  const { latencyMs, jitterMs, bytesPerSecond, capacityBytes, loss } = { ...DEFAULTS[name], ...choices };
  return {
    latencyMs: checkNumber(`${name}.latencyMs`, latencyMs, TIME_MS),
    jitterMs: checkNumber(`${name}.jitterMs`, jitterMs, TIME_MS),
    bytesPerSecond: checkNumber(`${name}.bytesPerSecond`, bytesPerSecond, { min: 0, max: Number.POSITIVE_INFINITY }),
    capacityBytes: checkInteger(`${name}.capacityBytes`, capacityBytes, BYTES),
    loss: checkLoss(`${name}.loss`, loss),
  };
}

function checkLoss(name: string, { probability, burst }: LossParameters): LossParameters {
  checkNumber(`${name}.probability`, probability, PROBABILITY);
  if (burst === undefined) return Object.freeze({ probability });
  checkNumber(`${name}.burst.beginProbability`, burst.beginProbability, PROBABILITY);
  checkNumber(`${name}.burst.endProbability`, burst.endProbability, PROBABILITY);
  checkNumber(`${name}.burst.probability`, burst.probability, PROBABILITY);
  return Object.freeze({ probability, burst: Object.freeze({ ...burst }) });
}
