// The receiving half of a channel: keeps order within a lane, hands each message to the handler once, and acknowledges it
// when the handler is done and the inbox has recorded that. It outlives connections: a handler that runs while the link is
// away finishes, and its message is not run again when it comes anew.
//
//   a message is   handled    -> it is dropped; the ack is said again, for the first one may be lost
//                  waiting    -> it is dropped; it is here already
//                  too early  -> it is dropped: what must come before it is neither handled nor waiting
//                  next       -> it waits for its lane, unless the receiver is paused or full: then it is given back (nack)
//
// A handler that fails gives back its message and all that wait behind it in the lane, so that order is kept.

import {
  AckRanges,
  type ChannelFrame,
  type DataFrame,
  decodeEntries,
  type Machine,
  NACK_CODE,
  type OpenFrame,
  type RangeList,
  type TimeoutInput,
} from '@holdfast/protocol/core';
import { INBOX_RANGES_MAX, type InboxRecord } from './inbox-record.js';
import type { Pause, ReceiverInput, ReceiverOptions, ReceiverOutput } from './receiver-contract.js';
import { WAITING_MAX_BYTES } from './receiver-contract.js';
import { ReceivingLanes } from './receiving-lanes.js';

const FULL: Pause = { code: NACK_CODE.overloaded, retryAfterMs: 0, reason: 'the receiver is full' };

/** The state machine of a receiving half. */
export class Receiver implements Machine<ReceiverInput, ReceiverOutput> {
  readonly #options: ReceiverOptions;
  readonly #outputs: ReceiverOutput[] = [];
  readonly #lanes = new ReceivingLanes();
  #epoch: string;
  /** What the handler has done, recorded or not. */
  #handled: AckRanges;
  /** What is on disk, and so may be acknowledged. */
  #recorded: RangeList;
  /** The snapshot that is being recorded. */
  #recording: InboxRecord | undefined;
  /** Whether `#handled` has something that no snapshot has. */
  #isUnrecorded = false;
  /** Whether the sender has opened the channel on this connection. */
  #isOpen = false;
  #pause: Pause | undefined;

  /** @param record - what the inbox has of this sender; `undefined`: it has never been heard of */
  constructor(options: ReceiverOptions, record: InboxRecord | undefined) {
    this.#options = options;
    this.#epoch = record?.epoch ?? '';
    this.#handled = new AckRanges(record?.handled);
    this.#recorded = this.#handled.snapshot(INBOX_RANGES_MAX);
  }

  /** Messages waiting for the handler, those with it included. */
  get pendingCount(): number {
    return this.#lanes.pendingCount;
  }

  /** Messages waiting for the handler. */
  get waitingCount(): number {
    return this.#lanes.waitingCount;
  }

  /** Whether nothing is with the handler or on its way to the disk: the receiver can be let go and made again. */
  get isIdle(): boolean {
    return this.pendingCount === 0 && this.#recording === undefined && !this.#isUnrecorded;
  }

  handle(input: ReceiverInput | TimeoutInput, _nowMs: number): void {
    switch (input.type) {
      case 'linkUp':
        this.#isOpen = false;
        break;
      case 'linkDown':
        this.#isOpen = false;
        // The sender sends everything again that is not acknowledged; keeping what waits would only cost memory.
        for (const name of this.#lanes.names) this.#lanes.dropWaiting(name);
        break;
      case 'frame':
        this.#onFrame(input.frame);
        break;
      case 'handled':
        this.#onHandled(input.epoch, input.sequence);
        // Recorded with the rest of its turn; `turnEnded` follows.
        return;
      case 'turnEnded':
        break;
      case 'failed':
        this.#onFailed(input.epoch, input.sequence, input.pause);
        break;
      case 'recorded':
        this.#onRecorded();
        break;
      case 'recordFailed':
        // Tried again with the next frame; until then nothing is acknowledged, so nothing is lost.
        this.#recording = undefined;
        this.#isUnrecorded = true;
        return;
      case 'pause':
        this.#pause = input.pause;
        if (input.keepsWaiting !== true) this.#giveBack(input.pause);
        break;
      case 'resume':
        this.#pause = undefined;
        break;
      case 'timeout':
        return;
    }
    this.#record();
  }

  poll(): ReceiverOutput | undefined {
    return this.#outputs.shift();
  }

  nextTimeoutMs(): number | undefined {
    return undefined;
  }

  // ---- frames

  #onFrame(frame: ChannelFrame): void {
    if (frame.type === 'open') this.#onOpen(frame);
    else if (frame.type === 'data') this.#onData(frame);
  }

  #onOpen(frame: OpenFrame): void {
    if (frame.epoch !== this.#epoch) {
      // Another life of the sender's store: its numbers mean other messages.
      this.#epoch = frame.epoch;
      this.#lanes.clear();
      this.#handled = new AckRanges();
      this.#recorded = this.#handled.snapshot(0);
    }
    // What waits stays: when it comes again it is recognised. So an open that was sent twice does no harm.
    this.#isOpen = true;
    this.#raiseFloor(frame.floor);
    const handled = this.#recorded;
    this.#send({ type: 'opened', epoch: this.#epoch, handled, credit: this.#options.creditMessages });
  }

  #onData(frame: DataFrame): void {
    if (!this.#isOpen || frame.epoch !== this.#epoch) {
      const reason = 'open the channel first';
      this.#send({ ...NO_WAIT, type: 'nack', epoch: frame.epoch, code: NACK_CODE.notOpen, reason });
      return;
    }
    this.#raiseFloor(frame.floor);
    let before = frame.after;
    let isRepeated = false;
    for (const [index, entry] of decodeEntries(frame.entries, frame.count).entries()) {
      const sequence = frame.first + index;
      const isHandled = this.#handled.has(sequence);
      isRepeated ||= isHandled;
      if (!isHandled && !this.#lanes.has(frame.lane, sequence)) {
        if (!this.#isNext(frame.lane, before)) break;
        const pause = this.#pause ?? (this.#isFull(sequence) ? FULL : undefined);
        if (pause !== undefined) {
          this.#nack(frame.lane, sequence, pause);
          break;
        }
        const { epoch, attempt } = frame;
        this.#lanes.push({ epoch, sequence, lane: frame.lane, attempt, ...entry });
      }
      before = sequence;
    }
    this.#deliverNext(frame.lane);
    if (isRepeated) this.#ack();
  }

  /** Whether a message whose predecessor is `before` may join its lane. */
  #isNext(lane: string, before: number): boolean {
    return before === 0 || this.#handled.has(before) || this.#lanes.lastOf(lane) === before;
  }

  #isFull(sequence: number): boolean {
    // Numbers within a span make at most half as many ranges, so the inbox record can always hold all of them. The number
    // that would close the first gap is always within the span.
    const isTooFar = sequence > this.#handled.cumulative + 2 * INBOX_RANGES_MAX;
    return (
      isTooFar || this.#lanes.waitingBytes >= WAITING_MAX_BYTES || this.pendingCount >= this.#options.creditMessages
    );
  }

  #raiseFloor(floor: number): void {
    if (floor <= this.#recorded.cumulative + 1) return;
    this.#handled.raiseFloor(floor);
    // What the sender has given up needs no record before it is left behind.
    const recorded = new AckRanges(this.#recorded);
    recorded.raiseFloor(floor);
    this.#recorded = recorded.snapshot(INBOX_RANGES_MAX);
    this.#lanes.dropBelow(floor);
  }

  // ---- the handler

  #onHandled(epoch: string, sequence: number): void {
    // A message of an epoch that is over says nothing about those of this one.
    const lane = epoch === this.#epoch ? this.#lanes.end(sequence) : undefined;
    if (lane === undefined) return;
    this.#handled.add(sequence);
    this.#isUnrecorded = true;
    this.#deliverNext(lane);
  }

  #onFailed(epoch: string, sequence: number, pause: Pause): void {
    const lane = epoch === this.#epoch ? this.#lanes.end(sequence) : undefined;
    if (lane === undefined) return;
    this.#lanes.dropWaiting(lane);
    if (this.#isOpen) this.#nack(lane, sequence, pause);
  }

  #deliverNext(lane: string): void {
    const message = this.#lanes.begin(lane);
    if (message !== undefined) this.#outputs.push({ type: 'deliver', message });
  }

  #giveBack(pause: Pause): void {
    for (const lane of this.#lanes.names) {
      const first = this.#lanes.dropWaiting(lane);
      if (first !== undefined && this.#isOpen) this.#nack(lane, first, pause);
    }
  }

  // ---- the inbox

  /** One record at a time: what is handled while it is written makes the next one. */
  #record(): void {
    if (!this.#isUnrecorded || this.#recording !== undefined) return;
    this.#isUnrecorded = false;
    this.#recording = { epoch: this.#epoch, handled: this.#handled.snapshot(INBOX_RANGES_MAX) };
    this.#outputs.push({ type: 'record', record: this.#recording });
  }

  #onRecorded(): void {
    const recording = this.#recording;
    this.#recording = undefined;
    if (recording === undefined || recording.epoch !== this.#epoch) return;
    const recorded = new AckRanges(recording.handled);
    recorded.raiseFloor(this.#recorded.cumulative + 1);
    this.#recorded = recorded.snapshot(INBOX_RANGES_MAX);
    this.#ack();
  }

  #ack(): void {
    if (!this.#isOpen) return;
    const credit = this.#options.creditMessages;
    this.#send({ type: 'ack', epoch: this.#epoch, handled: this.#recorded, credit });
  }

  #nack(lane: string, from: number, pause: Pause): void {
    this.#send({ type: 'nack', epoch: this.#epoch, lane, from, ...pause });
  }

  #send(frame: ChannelFrame): void {
    this.#outputs.push({ type: 'frame', frame });
  }
}

/** The fields of a nack that says "everything, at once". */
const NO_WAIT = { lane: '', from: 0, retryAfterMs: 0 } as const;
