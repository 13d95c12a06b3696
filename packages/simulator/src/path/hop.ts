// One way out of a stage: a queue, and the line behind it. Segments wait in the order of their arrival, go on the line one
// by one as fast as its bandwidth allows, may be lost there, and arrive a latency later. A radio is a line that begins in
// slots and sends again what the other side did not acknowledge.
//
// Chance belongs to a device, not to the line: each device has its own draws on every line, so that what one of them
// sends does not change what another loses. They share the queue and the bandwidth.

import type { RandomUint32, Runtime, TimerHandle } from '@holdfast/protocol';
import { derivedRandom, randomFraction } from './derived-random.js';
import type { PathDirection } from './events.js';
import { LossModel } from './loss.js';
import type { StageParameters } from './parameters.js';
import type { PathRecorder } from './path-recorder.js';
import type { Segment, SegmentConnection } from './segment.js';
import type { Stage, StageHop } from './stage.js';

/** What a line is like. */
export interface Line extends Pick<StageParameters, 'latencyMs' | 'jitterMs' | 'bytesPerSecond' | 'loss'> {
  /** That a segment is held up, so that others of its device may pass it. @default 0 */
  readonly reorderProbability?: number;
  /** For how long, in milliseconds. */
  readonly reorderDelayMs?: number;
  /** When an idle or unacknowledged radio begins: at multiples of this, in milliseconds. @default 0: at once */
  readonly slotMs?: number;
  /** Transmissions of one segment before it is lost. @default 1 */
  readonly attemptsMax?: number;
}

/** What a hop is made of. */
export interface HopOptions<Connection extends SegmentConnection> {
  readonly runtime: Runtime;
  readonly seed: number;
  readonly direction: PathDirection;
  /** Holds what waits, and has the faults. */
  readonly stage: Stage;
  readonly line: Line;
  /** Names the line's chance: unlike that of every other hop. */
  readonly lineName: string;
  readonly recorder: PathRecorder;
  /** Takes what arrives. Never called by `enter` itself, but from a timer or deferred. */
  readonly next: (segment: Segment<Connection>) => void;
  /** Whether somebody at the other side hears this transmission, if it is not lost. @default always */
  readonly isHeard?: () => boolean;
  /** Whether what waits takes up room in the stage. False where the sender has counted it. @default true */
  readonly takesRoom?: boolean;
  /** Whether segments enter the stage here and leave it here, for the record. @default both */
  readonly records?: 'entry' | 'exit' | 'both';
}

/** What one device has of a line for itself. */
interface Lane {
  readonly loss: LossModel;
  readonly jitter: RandomUint32;
  readonly reorder: RandomUint32;
  /** When the latest segment arrives; those behind it do not arrive earlier. */
  arrivesMs: number;
}

/** A queue and the line behind it. */
export class Hop<Connection extends SegmentConnection> implements StageHop {
  readonly #options: HopOptions<Connection>;
  readonly #lanes = new Map<string, Lane>();
  #queue: Segment<Connection>[] = [];
  /** Transmissions of the first in the queue that were in vain. */
  #attempts = 0;
  /** Until the first in the queue is on the line. */
  #timer: TimerHandle | undefined;

  constructor(options: HopOptions<Connection>) {
    this.#options = options;
    options.stage.hops.push(this);
  }

  /** Takes a segment, or loses it when the stage is at fault or full. */
  enter(segment: Segment<Connection>): void {
    const { stage, records, recorder } = this.#options;
    if (records !== 'exit') recorder.record(stage.name, segment, 'entered');
    const why = stage.lossReason;
    if (why !== undefined || (this.#takesRoom && !stage.room.tryTake(segment.bytes.length))) {
      this.#lose(segment, why ?? 'full');
      return;
    }
    this.#queue.push(segment);
    if (this.#queue.length === 1) this.#begin(this.#slotFrom(this.#options.runtime.nowMs()));
  }

  /** Forgets what one connection has here: its sender is gone. */
  forget(connection: Connection): void {
    const kept = this.#queue.filter((segment) => segment.connection !== connection);
    if (kept.length === this.#queue.length) return;
    const gone = this.#queue.filter((segment) => segment.connection === connection);
    const isFirstKept = kept[0] === this.#queue[0];
    this.#queue = kept;
    for (const segment of gone) this.#loseHeld(segment, 'the sender is gone');
    if (!isFirstKept) this.#beginAnew();
  }

  /** Payload bytes that wait here, of one device. */
  heldBytes(device: string): number {
    const own = this.#queue.filter(({ connection }) => connection.device === device);
    return this.#takesRoom ? own.reduce((sum, { bytes }) => sum + bytes.length, 0) : 0;
  }

  onStuck(): void {
    if (this.#queue.length > 0) this.#beginAnew();
  }

  loseAll(why: string): void {
    const lost = this.#queue.splice(0);
    this.#beginAnew();
    for (const segment of lost) this.#loseHeld(segment, why);
  }

  get #takesRoom(): boolean {
    return this.#options.takesRoom ?? true;
  }

  #beginAnew(): void {
    this.#stopTimer();
    this.#attempts = 0;
    if (this.#queue.length > 0) this.#begin(this.#slotFrom(this.#options.runtime.nowMs()));
  }

  #stopTimer(): void {
    if (this.#timer !== undefined) this.#options.runtime.clearTimer(this.#timer);
    this.#timer = undefined;
  }

  /** Puts the first in the queue on the line, from `startMs` on; and all behind it for which that takes no time. */
  #begin(startMs: number): void {
    const { runtime, stage, line } = this.#options;
    const nowMs = runtime.nowMs();
    let fromMs = startMs;
    for (let first = this.#queue[0]; first !== undefined; first = this.#queue[0]) {
      if (stage.leavesFromMs > fromMs) fromMs = this.#slotFrom(stage.leavesFromMs);
      const sentMs = fromMs + sendingMs(first.bytes.length, line.bytesPerSecond);
      if (sentMs > nowMs) {
        // An observer that set a fault in between has had this begun already.
        this.#stopTimer();
        this.#timer = runtime.setTimer(sentMs - nowMs, () => this.#onSent());
        return;
      }
      fromMs = this.#transmitted(first);
    }
  }

  #onSent(): void {
    this.#timer = undefined;
    const first = this.#queue[0];
    if (first !== undefined) this.#begin(this.#transmitted(first));
  }

  /** The first in the queue was on the line once. Returns when the next transmission may begin. */
  #transmitted(segment: Segment<Connection>): number {
    const { runtime, stage, line, recorder, isHeard } = this.#options;
    const lane = this.#laneOf(segment.connection.device);
    // Drawn in any case: a fault at the other side must not move the draws.
    const isLost = lane.loss.isLost();
    const isThrough = !isLost && (isHeard?.() ?? true);
    this.#attempts += 1;
    if (!isThrough && this.#attempts < (line.attemptsMax ?? 1)) {
      recorder.record(stage.name, segment, 'retransmitted', 'not acknowledged over the radio');
      return this.#slotAfter(runtime.nowMs());
    }
    this.#queue.shift();
    this.#attempts = 0;
    if (isThrough) this.#depart(segment, lane);
    else this.#loseHeld(segment, isLost ? 'lost on the line' : 'nobody acknowledged');
    return runtime.nowMs();
  }

  #depart(segment: Segment<Connection>, lane: Lane): void {
    const { runtime, stage, line, records, recorder, next } = this.#options;
    segment.isWithSender = false;
    if (records !== 'entry') recorder.record(stage.name, segment, 'left');
    const nowMs = runtime.nowMs();
    const jitterMs = line.jitterMs === 0 ? 0 : randomFraction(lane.jitter) * line.jitterMs;
    const { reorderProbability = 0, reorderDelayMs = 0 } = line;
    let arrivesMs = Math.max(lane.arrivesMs, nowMs + line.latencyMs + jitterMs);
    if (reorderProbability > 0 && randomFraction(lane.reorder) < reorderProbability) arrivesMs += reorderDelayMs;
    else lane.arrivesMs = arrivesMs;
    if (arrivesMs > nowMs) runtime.setTimer(arrivesMs - nowMs, () => next(segment));
    else runtime.defer(() => next(segment));
    this.#giveBackRoom(segment);
  }

  #loseHeld(segment: Segment<Connection>, why: string): void {
    this.#lose(segment, why);
    this.#giveBackRoom(segment);
  }

  #lose(segment: Segment<Connection>, why: string): void {
    segment.isWithSender = false;
    this.#options.recorder.record(this.#options.stage.name, segment, 'lost', why);
  }

  #giveBackRoom(segment: Segment<Connection>): void {
    if (this.#takesRoom) this.#options.stage.room.release(segment.bytes.length);
  }

  /** The next slot from `ms` on, `ms` itself included. */
  #slotFrom(ms: number): number {
    const { slotMs = 0 } = this.#options.line;
    return slotMs === 0 ? ms : Math.ceil(ms / slotMs) * slotMs;
  }

  /** The next slot behind `ms`. */
  #slotAfter(ms: number): number {
    const { slotMs = 0 } = this.#options.line;
    return slotMs === 0 ? ms : (Math.floor(ms / slotMs) + 1) * slotMs;
  }

  #laneOf(device: string): Lane {
    const known = this.#lanes.get(device);
    if (known !== undefined) return known;
    const { seed, line, lineName } = this.#options;
    const random = (purpose: string): RandomUint32 => derivedRandom(seed, `${device}/${lineName}/${purpose}`);
    const lane = {
      loss: new LossModel(line.loss, random('loss')),
      jitter: random('jitter'),
      reorder: random('reorder'),
      arrivesMs: 0,
    };
    this.#lanes.set(device, lane);
    return lane;
  }
}

function sendingMs(bytes: number, bytesPerSecond: number): number {
  return bytesPerSecond === 0 ? 0 : (bytes * 1000) / bytesPerSecond;
}
