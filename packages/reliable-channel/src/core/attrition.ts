// How messages leave an outbox without having been handled: they expire, make room, are replaced, cancelled, refused for
// good or too often, or are of low importance and can not go out. What is in flight is never given up: its fate is known
// soon, and until then it may have been handled. What an earlier process left is treated so until the channel is opened: that
// process may have told that it was acknowledged, and no message ends twice.

import { type BackoffOptions, NACK_CODE, type NackFrame } from '@holdfast/protocol/core';
import { attemptsOf, type Batch, lastOf } from './batch.js';
import { indexFrom } from './loaded-batches.js';
import { type MessageTraits, NO_TRAITS, traitsAt } from './message-traits.js';
import type { Outbox } from './outbox.js';
import type { LaneEnd } from './outbox-contract.js';
import type { OutboxLane } from './outbox-lane.js';
import type { GivenUp } from './outcome.js';
import type { Transmission } from './transmission.js';

/** What a channel does when nothing else was asked for a message. */
export interface AttritionOptions {
  readonly outboxMaxBytes: number;
  readonly whenFull: 'reject' | 'wait' | 'evict';
  readonly maxAttempts: number;
  readonly retryBackoff: BackoffOptions;
}

/** Now, in milliseconds: of the machine, on the outbox's age clock, and since 1970. */
export interface Times {
  readonly nowMs: number;
  readonly ageMs: number;
  readonly wallMs: number;
}

/** Keys that are remembered in each lane. A message whose key is forgotten is sent beside the newer one. */
const COALESCE_KEYS_MAX = 4_096;

/** Refusals that say something about the message; others are about the agent. */
const COUNTED_CODES: readonly number[] = [NACK_CODE.handlerFailed, NACK_CODE.noHandler, NACK_CODE.retryLater];

const UNSENDABLE: GivenUp = {
  status: 'evicted',
  cause: 'notSendable',
  reason: 'it is of low importance and could not go out, or its connection was lost',
};

/** Gives messages of one outbox up. */
export class Attrition {
  readonly #options: AttritionOptions;
  readonly #outbox: Outbox;
  readonly #transmission: Transmission;
  readonly #tell: (ends: readonly LaneEnd[]) => void;
  /** The latest message of each coalesce key, by lane. */
  readonly #keys = new Map<string, Map<string, number>>();

  constructor(
    options: AttritionOptions,
    outbox: Outbox,
    transmission: Transmission,
    tell: (ends: readonly LaneEnd[]) => void,
  ) {
    this.#options = options;
    this.#outbox = outbox;
    this.#transmission = transmission;
    this.#tell = tell;
  }

  // ---- time

  /** When a message may expire, on the age clock. */
  get nextExpiryMs(): number {
    let nextMs = Number.POSITIVE_INFINITY;
    for (const lane of this.#outbox.lanes) nextMs = Math.min(nextMs, lane.nextExpiryMs);
    return nextMs;
  }

  /** Gives up what has expired and is not in flight. */
  expire(ageMs: number, wallMs: number): void {
    for (const lane of this.#outbox.lanes) {
      if (lane.nextExpiryMs > ageMs) continue;
      for (const sequence of lane.takeExpired(ageMs, this.#transmission.cursorOf(lane))) {
        const attempts = lane.numbers.failuresOf(sequence);
        this.#giveUp(lane, sequence, this.#endByAge(lane, sequence, ageMs), { ageMs, wallMs, attempts });
      }
    }
  }

  #endByAge(lane: OutboxLane, sequence: number, ageMs: number): GivenUp {
    const { ttlMs } = this.#traitsOf(lane, sequence);
    const waitedMs = Math.round(ageMs - (lane.batchOf(sequence)?.acceptedAtMs ?? ageMs));
    if (ttlMs !== undefined && waitedMs >= ttlMs)
      return { status: 'expired', reason: `its time of ${ttlMs} ms is over` };
    return { status: 'evicted', cause: 'tooOld', reason: `it has waited ${waitedMs} ms` };
  }

  // ---- refusals

  /** The agent did not take a message: its lane waits, or goes on without it. */
  onRefused(lane: OutboxLane, { code, from, retryAfterMs, reason }: NackFrame, times: Times): void {
    const sequence = Math.max(from, lane.floor);
    const traits = this.#traitsOf(lane, sequence);
    // A message that was given up meanwhile is over; what lies behind it waits all the same.
    if (COUNTED_CODES.includes(code) && sequence === from && !lane.isSettled(sequence)) {
      const failures = this.#outbox.countFailure(lane, sequence);
      if (failures >= (traits.maxAttempts ?? this.#options.maxAttempts)) {
        const detail = `refused ${failures} times, at last because ${reason}`;
        this.#giveUp(lane, sequence, { status: 'rejected', reason: detail }, { ...times, attempts: failures });
        this.#transmission.goOn(lane);
        return;
      }
    }
    const backoff = traits.retryBackoff ?? this.#options.retryBackoff;
    // Only a handler knows how long it needs; an agent that is in trouble is asked again at our own pace.
    const wishMs = code === NACK_CODE.retryLater ? retryAfterMs : Math.min(retryAfterMs, backoff.maxMs);
    this.#transmission.wait(lane, { sequence, retryAfterMs: wishMs, backoff }, times.nowMs);
  }

  /** The handler refused a message for good. */
  reject(lane: OutboxLane, sequence: number, reason: string, times: Times): void {
    this.#giveUp(
      lane,
      sequence,
      { status: 'rejected', reason },
      { ...times, attempts: lane.numbers.failuresOf(sequence) + 1 },
    );
  }

  // ---- the caller

  /** Whether the caller can call a message back. */
  canCancel(name: string, sequence: number): boolean {
    const lane = this.#outbox.lane(name);
    return lane !== undefined && this.#canGo(lane, sequence);
  }

  /** The caller does not want a message to be sent any more. */
  cancel(name: string, sequence: number): void {
    const lane = this.#outbox.lane(name);
    if (lane === undefined || !this.#canGo(lane, sequence)) return;
    this.#giveUp(lane, sequence, { status: 'cancelled', reason: 'the sender has called it back' });
  }

  /** A newer message has the same key as an earlier one. */
  replace(name: string, key: string, sequence: number): void {
    const lane = this.#outbox.lane(name) as OutboxLane;
    const keys = this.#keys.get(name) ?? new Map<string, number>();
    this.#keys.set(name, keys);
    const earlier = keys.get(key);
    keys.delete(key);
    keys.set(key, sequence);
    const oldest = keys.keys().next().value;
    if (keys.size > COALESCE_KEYS_MAX && oldest !== undefined) keys.delete(oldest);
    if (earlier === undefined || !this.#canGo(lane, earlier)) return;
    const reason = `a newer message has the key ${key}`;
    this.#giveUp(lane, earlier, { status: 'evicted', cause: 'replaced', reason });
  }

  // ---- room

  /** Whether some message can make room for another one. */
  canMakeRoom(entryBytes: number): boolean {
    if (this.#options.whenFull !== 'evict' || entryBytes > this.#options.outboxMaxBytes) return false;
    return !this.#outbox.intake.isEmpty || this.#victim() !== undefined;
  }

  /** Lets the least important messages go, among equals the oldest, until another one has room. */
  makeRoom(entryBytes: number): void {
    const outcome = {
      status: 'evicted',
      cause: 'outboxFull',
      reason: 'the outbox was full, and it had to make room',
    } as const;
    while (this.#outbox.intake.isFullFor(entryBytes)) {
      const victim = this.#victim();
      if (victim !== undefined) this.#giveUp(victim.lane, victim.sequence, outcome);
      else {
        const dropped = this.#outbox.intake.dropFirst();
        if (dropped === undefined) return;
        this.#tell([{ ...dropped, outcome, attempts: 0 }]);
      }
    }
  }

  #victim(): { readonly lane: OutboxLane; readonly sequence: number } | undefined {
    let best: { lane: OutboxLane; sequence: number; isHigh: boolean; ordinal: number } | undefined;
    for (const lane of this.#outbox.lanes) {
      for (const candidate of this.#candidatesOf(lane)) {
        const isBetter =
          best === undefined ||
          (candidate.isHigh && !best.isHigh) ||
          (candidate.isHigh === best.isHigh && candidate.ordinal < best.ordinal);
        if (isBetter) best = { lane, ...candidate };
      }
    }
    return best;
  }

  /** The oldest message of a lane that is not in flight, and the oldest that is not critical. */
  *#candidatesOf(lane: OutboxLane): Iterable<{ sequence: number; isHigh: boolean; ordinal: number }> {
    const cursor = this.#transmission.cursorOf(lane);
    const oldest = lane.nextSendable(cursor);
    if (oldest === undefined) return;
    yield candidateOf(lane.batchOf(oldest) as Batch, oldest);
    const { yielding } = lane;
    for (let index = indexFrom(yielding, cursor); index < yielding.length; index++) {
      const batch = yielding[index] as Batch;
      const sequence = lane.nextSendable(Math.max(cursor, batch.first));
      // In one batch all can be settled already; there are not many like this.
      if (sequence === undefined || sequence > lastOf(batch)) continue;
      yield candidateOf(batch, sequence);
      return;
    }
  }

  // ---- importance

  /** What is not in the store and is not in flight: of high importance it is stored now, of low importance it goes. */
  releaseUnstored(): void {
    for (const lane of this.#outbox.lanes) {
      if (lane.yielding.length === 0) continue;
      const cursor = this.#transmission.cursorOf(lane);
      for (const batch of lane.yielding.slice(indexFrom(lane.yielding, cursor))) this.#release(lane, batch, cursor);
    }
  }

  /** The outbox is closed: what waits for numbers will not go out any more. */
  releaseEntering(): void {
    for (const lane of this.#outbox.lanes)
      for (const batch of [...lane.entering]) this.#release(lane, batch, batch.first);
  }

  /** Nothing more can be stored: what is in memory alone is over. */
  evictUnstored(outcome: GivenUp): void {
    for (const lane of this.#outbox.lanes) {
      const unstored = [...lane.yielding, ...lane.entering].filter(({ storage }) => storage !== 'stored');
      for (const batch of unstored) this.#evictFrom(lane, batch.first, lastOf(batch), outcome);
    }
  }

  #release(lane: OutboxLane, batch: Batch, from: number): void {
    // Another one that was given up just now can have taken it along.
    if (batch.storage !== 'none' || lane.isForgotten(batch)) return;
    if (batch.importance === 'high') this.#outbox.store(batch);
    else this.#evictFrom(lane, Math.max(from, batch.first), lastOf(batch), UNSENDABLE);
  }

  #evictFrom(lane: OutboxLane, first: number, last: number, outcome: GivenUp): void {
    for (let sequence = first; sequence <= last; sequence++) {
      if (!lane.isSettled(sequence)) this.#giveUp(lane, sequence, outcome);
    }
  }

  // ---- all of them

  /** Whether a message can be given up: it is not over, not in flight, and its record is not out of reach in the store. */
  #canGo(lane: OutboxLane, sequence: number): boolean {
    if (lane.isSettled(sequence) || sequence >= lane.nextSequence || !lane.isInReach(sequence)) return false;
    return sequence >= this.#transmission.cursorOf(lane);
  }

  #giveUp(
    lane: OutboxLane,
    sequence: number,
    outcome: GivenUp,
    death?: { readonly ageMs: number; readonly wallMs: number; readonly attempts: number },
  ): void {
    const batch = lane.batchOf(sequence);
    const sent = batch === undefined ? 0 : attemptsOf(batch, sequence);
    const attempts = Math.max(sent, death?.attempts ?? 0);
    const times = death === undefined ? undefined : { ...death, attempts };
    this.#tell(this.#outbox.giveUp(lane, sequence, { outcome, attempts, times }));
  }

  #traitsOf(lane: OutboxLane, sequence: number): MessageTraits {
    const batch = lane.batchOf(sequence);
    return batch === undefined ? NO_TRAITS : traitsAt(batch.traits, sequence - batch.first);
  }
}

function candidateOf(batch: Batch, sequence: number): { sequence: number; isHigh: boolean; ordinal: number } {
  const isHigh = batch.importance !== 'critical';
  return { sequence, isHigh, ordinal: batch.ordinal + sequence - batch.first };
}
