// The sending half of a channel: outbox, window, ack timeout and retry schedule under one roof.
//
// The talk with the receiver, and its table of states, is in conversation.ts.
//
// Storing goes on in every state. A message that has to be stored first is sent only after that; in each lane messages go
// in the order of their numbers; and what has been sent stays in the outbox until it is settled.

import type { ChannelFrame, Machine, RandomUint32, TimeoutInput } from '@holdfast/protocol/core';
import { AckTimer } from './ack-timer.js';
import { AgeClock } from './age-clock.js';
import { Attrition, type Times } from './attrition.js';
import { Conversation } from './conversation.js';
import type { DeadLetters } from './dead-letters.js';
import { Outbox } from './outbox.js';
import type { LaneEnd, LaneRun, OpenedOutbox } from './outbox-contract.js';
import type { OutboxLane } from './outbox-lane.js';
import type {
  OutgoingMessage,
  Refused,
  SenderInput,
  SenderOptions,
  SenderOutput,
  SenderState,
} from './sender-contract.js';
import { StorageSchedule } from './storage-schedule.js';
import { Transmission } from './transmission.js';

const NEVER = Number.POSITIVE_INFINITY;

/** What a sending half has from outside. */
export interface SenderSources {
  readonly random: RandomUint32;
  /** Milliseconds since 1970; it may leap. */
  readonly wallClockMs: () => number;
}

/** The state machine of a sending half. */
export class Sender implements Machine<SenderInput, SenderOutput> {
  readonly #sources: SenderSources;
  readonly #outbox: Outbox;
  readonly #age: AgeClock;
  readonly #storage: StorageSchedule;
  readonly #ackTimer: AckTimer;
  readonly #transmission: Transmission;
  readonly #attrition: Attrition;
  readonly #conversation: Conversation;
  readonly #outputs: SenderOutput[] = [];
  /** How many of them have been taken. */
  #polled = 0;
  #nowMs = 0;

  /** @param opened - the outbox as its store has it */
  constructor(options: SenderOptions, opened: OpenedOutbox, sources: SenderSources) {
    this.#sources = sources;
    this.#outbox = new Outbox(options, opened);
    this.#age = new AgeClock(opened.meta);
    this.#storage = new StorageSchedule({ ...options, storeRetryMs: options.retryBackoff.maxMs }, this.#outbox);
    this.#ackTimer = new AckTimer(options.ackTimeout);
    const emit = (frame: ChannelFrame): void => void this.#outputs.push({ type: 'frame', frame });
    const parts = { outbox: this.#outbox, ackTimer: this.#ackTimer, random: sources.random, emit };
    this.#transmission = new Transmission(options, parts);
    this.#attrition = new Attrition(options, this.#outbox, this.#transmission, (ends) => this.#tellEnds(ends));
    this.#conversation = new Conversation({
      ...parts,
      storage: this.#storage,
      transmission: this.#transmission,
      attrition: this.#attrition,
      tell: (output) => void this.#outputs.push(output),
    });
  }

  get state(): SenderState {
    return this.#conversation.state;
  }

  get epoch(): string {
    return this.#outbox.epoch;
  }

  /** The number that the next `send` in a lane gets. */
  nextSequence(lane: string): number {
    return this.#outbox.lane(lane)?.nextSequence ?? 1;
  }

  /** Messages that are not settled, and the bytes of their batches. */
  get backlog(): { readonly messages: number; readonly bytes: number } {
    return { messages: this.#outbox.messageCount, bytes: this.#outbox.bytes };
  }

  /** Whether every message has ended, and its end has been told. */
  get isEmpty(): boolean {
    return this.#outbox.messageCount === 0 && !this.#outbox.hasUntold;
  }

  /** The lanes that have ever been used. */
  get lanes(): Iterable<OutboxLane> {
    return this.#outbox.lanes;
  }

  /** Messages sent and not acknowledged. */
  get inFlight(): number {
    return this.#transmission.inFlight;
  }

  /** The smoothed round trip until the agent ack, in milliseconds, or `undefined` before the first. */
  get roundTripMs(): number | undefined {
    return this.#ackTimer.smoothedMs;
  }

  /** How long the oldest message in memory has waited, in milliseconds, as far as that can be known; 0: none waits. */
  oldestAgeMs(nowMs: number): number {
    let oldestMs = NEVER;
    for (const lane of this.#outbox.lanes) oldestMs = Math.min(oldestMs, lane.batches[0]?.acceptedAtMs ?? NEVER);
    return oldestMs === NEVER ? 0 : Math.max(0, this.#age.ageMs(nowMs) - oldestMs);
  }

  /** The dead letters: for reading. */
  get deadLetters(): Pick<DeadLetters, 'ids' | 'bytes' | 'dropped' | 'isStored'> {
    return this.#outbox.deadLetters;
  }

  /** Whether the store has everything and nothing is asked of it: a closed sender can be let go. */
  get isStoreIdle(): boolean {
    return this.#storage.isIdle;
  }

  /** Whether a producer need not wait: a small message would be within the limits. */
  get hasRoom(): boolean {
    return !this.#outbox.intake.isFullFor(1);
  }

  /** Whether a lane of this name exists, or may be opened. */
  acceptsLane(lane: string): boolean {
    return this.#outbox.acceptsLane(lane);
  }

  /** Why a message can not be taken now; `undefined`: it can. */
  refusalOf({ lane, entry, importance }: OutgoingMessage, nowMs: number): Refused | undefined {
    if (importance === 'low' && !this.#canSend(lane, nowMs)) return 'notSendable';
    if (!this.#outbox.intake.isFullFor(entry.length) || this.#outbox.intake.canWait(entry.length)) return undefined;
    return this.#attrition.canMakeRoom(entry.length) ? undefined : 'outboxFull';
  }

  /** Whether a message is over, and the store knows that if it has to. */
  isOver(lane: string, sequence: number): boolean {
    return this.#outbox.lane(lane)?.isOver(sequence) ?? false;
  }

  /** Whether a message can be called back. */
  canCancel(lane: string, sequence: number): boolean {
    return this.#attrition.canCancel(lane, sequence);
  }

  /** Messages sent since this process began, those sent again included. */
  get attempts(): number {
    return this.#transmission.attempts;
  }

  handle(input: SenderInput | TimeoutInput, nowMs: number): void {
    this.#nowMs = nowMs;
    if (input.type === 'send') {
      // Stored with the rest of its turn; `turnEnded` follows.
      this.#collect(input.message);
      return;
    }
    this.#age.look(nowMs, this.#sources.wallClockMs());
    switch (input.type) {
      case 'turnEnded':
        break;
      case 'cancel':
        this.#attrition.cancel(input.lane, input.sequence);
        break;
      case 'discardDeadLetter':
        this.#outbox.deadLetters.remove(input.id);
        break;
      case 'committed':
        this.#onCommitted();
        break;
      case 'commitFailed':
        this.#onCommitFailed(input.detail);
        break;
      case 'loaded':
        this.#tellUnreadable(this.#storage.onLoaded(input, nowMs));
        break;
      case 'loadFailed':
        this.#storage.onLoadFailed(input.lane, nowMs);
        break;
      case 'linkUp':
        this.#conversation.onLinkUp(nowMs);
        break;
      case 'linkDown':
        this.#conversation.onLinkDown();
        break;
      case 'room':
        this.#transmission.setRoom(input.bytes);
        break;
      case 'frame':
        this.#conversation.onFrame(input.frame, this.#times());
        break;
      case 'close':
        this.#conversation.close();
        this.#storage.close(nowMs);
        break;
      case 'timeout':
        this.#conversation.onTimeout(nowMs);
        break;
    }
    this.#advance();
  }

  poll(): SenderOutput | undefined {
    const output = this.#outputs[this.#polled];
    if (output !== undefined) {
      this.#polled += 1;
      return output;
    }
    // Taken from the front one by one, many outputs would be moved many times.
    if (this.#polled > 0) this.#outputs.length = 0;
    this.#polled = 0;
    return undefined;
  }

  nextTimeoutMs(): number | undefined {
    const retryAtMs = this.state === 'open' ? this.#transmission.nextTimeoutMs(this.#nowMs) : NEVER;
    const dueMs = Math.min(this.#ackTimer.deadlineMs, retryAtMs, this.#storage.nextTimeoutMs(), this.#expiryAtMs());
    return dueMs === NEVER ? undefined : dueMs;
  }

  #expiryAtMs(): number {
    return this.state === 'closed' ? NEVER : this.#nowMs + this.#attrition.nextExpiryMs - this.#age.ageMs(this.#nowMs);
  }

  // ---- what follows every input

  #advance(): void {
    const isClosed = this.state === 'closed';
    const ageMs = this.#age.ageMs(this.#nowMs);
    this.#tellEvicted(this.#outbox.routeCollected((lane) => this.#canSend(lane, this.#nowMs), isClosed));
    if (!isClosed) this.#attrition.expire(ageMs, this.#sources.wallClockMs());
    if (this.state === 'open') this.#transmission.transmit(this.#nowMs);
    this.#attrition.releaseUnstored();
    if (isClosed) this.#attrition.releaseEntering();
    this.#storage.planCommit(this.#nowMs);
    if (this.#storage.isCommitDue(this.#nowMs)) {
      const operations = this.#storage.beginCommit(ageMs, this.#sources.wallClockMs());
      this.#outputs.push({ type: 'commit', operations });
    }
    for (let load = this.#storage.load(this.#nowMs); load !== undefined; load = this.#storage.load(this.#nowMs)) {
      this.#outputs.push({ type: 'load', ...load });
    }
  }

  #canSend(lane: string, nowMs: number): boolean {
    return this.state === 'open' && this.#transmission.canSend(this.#outbox.lane(lane), nowMs);
  }

  #collect(message: OutgoingMessage): void {
    const { length } = message.entry;
    if (this.#outbox.intake.isFullFor(length) && !this.#outbox.intake.canWait(length)) this.#attrition.makeRoom(length);
    // What was not counted yet would make this message older than it is.
    if (this.#age.isOpen) this.#age.look(this.#nowMs, this.#sources.wallClockMs());
    this.#age.fix();
    const ageMs = this.#age.ageMs(this.#nowMs);
    const sequence = this.#outbox.collect(message, ageMs);
    const { coalesceKey } = message.traits;
    if (coalesceKey !== undefined) this.#attrition.replace(message.lane, coalesceKey, sequence);
  }

  // ---- the store

  #onCommitted(): void {
    const wasEpochStored = this.#outbox.isEpochStored;
    const { stored, ends } = this.#outbox.onCommitted();
    if (!wasEpochStored) this.#conversation.onEpochStored(this.#nowMs);
    // Ends first: one can be of a message that was never stored, and what is stored now lies behind it.
    this.#tellEnds(ends);
    for (const run of stored) this.#outputs.push({ type: 'stored', ...run });
  }

  #onCommitFailed(detail: string): void {
    const outcome = { status: 'evicted', cause: 'storeFailed', reason: detail } as const;
    for (const run of this.#storage.onCommitFailed(this.#nowMs)) {
      this.#outputs.push({ type: 'givenUp', ...run, outcome, attempts: 0 });
    }
    // A closed outbox does not try again: what has never been stored ends here.
    if (this.state === 'closed') this.#attrition.evictUnstored(outcome);
  }

  #tellUnreadable(runs: readonly LaneRun[]): void {
    const reason = 'its record in the store can not be read any more; check the disk';
    const outcome = { status: 'evicted', cause: 'unreadable', reason } as const;
    for (const run of runs) this.#outputs.push({ type: 'givenUp', ...run, outcome, attempts: 0 });
  }

  #tellEvicted(runs: readonly LaneRun[]): void {
    const reason = 'it is of low importance and could not go out at once';
    const outcome = { status: 'evicted', cause: 'notSendable', reason } as const;
    for (const run of runs) this.#outputs.push({ type: 'givenUp', ...run, outcome, attempts: 0 });
  }

  #tellEnds(ends: readonly LaneEnd[]): void {
    for (const end of ends) this.#outputs.push({ type: 'givenUp', ...end });
  }

  #times(): Times {
    return { nowMs: this.#nowMs, ageMs: this.#age.ageMs(this.#nowMs), wallMs: this.#sources.wallClockMs() };
  }
}
