// The receiving half of a channel: keeps order within a lane, hands each message to the handler once, and acknowledges it
// when the handler is done and the inbox has recorded that. It outlives connections: a handler that runs while the link is
// away finishes, and its message is not run again when it comes anew.
//
//   a message is   handled    -> it is dropped; its result and the ack are said again, for the first ones may be lost
//                  waiting    -> it is dropped; it is here already
//                  too early  -> it is dropped: what must come before it is neither handled nor waiting
//                  next       -> it waits for its lane, unless the receiver is paused or full: then it is given back (nack)
//
// A handler that fails gives back its message and all that wait behind it in the lane, so that order is kept. A handler's
// answer is recorded with its message, and said before the first ack that names it. Lanes share the epoch, the credit, the
// bounds and the record; a lane that holds nothing is always taken one message of, so that no other lane can keep it out.

import {
  type ChannelFrame,
  type DataFrame,
  decodeEntries,
  type LaneFloor,
  type Machine,
  type OpenFrame,
  type TimeoutInput,
} from '@holdfast/protocol/core';
import { InboxJournal, resultOf } from './inbox-journal.js';
import { INBOX_RANGES_MAX, type InboxContents } from './inbox-record.js';
import { KeptResults } from './kept-results.js';
import { ReceiverAnswers } from './receiver-answers.js';
import { FULL, RESULTS_FULL, TOO_MANY_GAPS, TOO_MANY_LANES, WAITING_MAX_BYTES } from './receiver-bounds.js';
import type { HandledMessage, Pause, ReceiverInput, ReceiverOptions, ReceiverOutput } from './receiver-contract.js';
import type { ReceivingLane } from './receiving-lane.js';
import { ReceivingLanes } from './receiving-lanes.js';
import type { StoreOperation } from './store-operation.js';

/** The state machine of a receiving half. */
export class Receiver implements Machine<ReceiverInput, ReceiverOutput> {
  readonly #options: ReceiverOptions;
  readonly #outputs: ReceiverOutput[] = [];
  #epoch: string;
  readonly #lanes: ReceivingLanes;
  readonly #results: KeptResults;
  readonly #journal: InboxJournal;
  readonly #answers: ReceiverAnswers;
  #pause: Pause | undefined;

  /** @param inbox - what the inbox has of this sender */
  constructor(options: ReceiverOptions, { record, results }: InboxContents) {
    this.#options = options;
    this.#epoch = record?.epoch ?? '';
    this.#lanes = new ReceivingLanes(record?.lanes ?? []);
    this.#results = new KeptResults(options.senderId, this.#epoch, results);
    this.#journal = new InboxJournal(options.senderId, this.#results);
    this.#answers = new ReceiverAnswers(options.creditMessages, (frame) =>
      this.#outputs.push({ type: 'frame', frame }),
    );
  }

  /** Messages waiting for the handler, those with it included. */
  get pendingCount(): number {
    return this.#lanes.pendingCount;
  }

  /** Messages waiting for the handler. */
  get waitingCount(): number {
    return this.#lanes.waitingCount;
  }

  /** Bytes of their data. */
  get waitingBytes(): number {
    return this.#lanes.waitingBytes;
  }

  /** When the one that has waited longest came; `undefined`: none waits. */
  get waitingSinceMs(): number | undefined {
    return this.#lanes.waitingSinceMs;
  }

  /** Results that the sender is not known to have. */
  get keptResults(): number {
    return this.#results.count;
  }

  /** Whether a commit that began with `beginRecord` has not been answered for. */
  get isRecording(): boolean {
    return this.#journal.isRecording;
  }

  /** Whether nothing is with the handler or on its way to the disk: the receiver can be let go and made again. */
  get isIdle(): boolean {
    return this.pendingCount === 0 && this.#journal.isAtRest(this.#lanes);
  }

  handle(input: ReceiverInput | TimeoutInput, nowMs: number): void {
    switch (input.type) {
      case 'linkUp':
        this.#answers.close();
        break;
      case 'linkDown':
        this.#answers.close();
        // The sender sends everything again that is not acknowledged; keeping what waits would only cost memory.
        for (const lane of this.#lanes) lane.dropWaiting();
        break;
      case 'frame':
        this.#onFrame(input.frame, nowMs);
        break;
      case 'handled':
        this.#onHandled(input);
        // Recorded with the rest of its turn; `turnEnded` follows.
        return;
      case 'turnEnded':
        break;
      case 'failed':
        this.#onFailed(input, input.pause);
        break;
      case 'recorded':
        this.#onRecorded();
        break;
      case 'recordFailed':
        // Tried again with the next frame; until then nothing is acknowledged, so nothing is lost.
        this.#journal.onFailed();
        return;
      case 'pause':
        this.#pause = input.pause;
        if (input.keepsWaiting !== true) for (const lane of this.#lanes) this.#giveBack(lane, input.pause);
        break;
      case 'resume':
        this.#pause = undefined;
        break;
      case 'credit':
        this.#answers.setCredit(Math.min(input.messages, this.#options.creditMessages), [...this.#lanes][0]);
        break;
      case 'timeout':
        return;
    }
    if (this.#journal.ask(this.#lanes)) this.#outputs.push({ type: 'record' });
  }

  poll(): ReceiverOutput | undefined {
    return this.#outputs.shift();
  }

  nextTimeoutMs(): number | undefined {
    return undefined;
  }

  // ---- frames

  #onFrame(frame: ChannelFrame, nowMs: number): void {
    if (frame.type === 'open') this.#onOpen(frame);
    else if (frame.type === 'data') this.#onData(frame, nowMs);
  }

  #onOpen(frame: OpenFrame): void {
    if (frame.epoch !== this.#epoch) {
      // Another life of the sender's store: its numbers mean other messages.
      this.#epoch = frame.epoch;
      this.#lanes.clear();
      this.#results.clear();
    }
    for (const each of frame.lanes) this.#raiseFloor(each);
    // What waits stays: when it comes again it is recognised. So an open that was sent twice does no harm.
    const results = this.#results.lanes.map((lane) => this.#results.recorded(lane));
    this.#answers.open(this.#epoch, this.#lanes, results);
  }

  #onData(frame: DataFrame, nowMs: number): void {
    if (frame.epoch !== this.#epoch || !this.#answers.isOpen(frame.epoch)) {
      this.#answers.notOpen(frame.epoch);
      return;
    }
    this.#raiseFloor(frame);
    const lane = this.#lanes.open(frame.lane);
    if (lane === undefined) {
      this.#answers.nack(frame.lane, frame.first, TOO_MANY_LANES);
      return;
    }
    if (!this.#take(lane, frame, nowMs)) return;
    this.#answers.results(this.#results.recorded(lane.name, frame.first, frame.first + frame.count - 1));
    this.#answers.ack(lane);
  }

  /** Takes the messages of a frame one after another. Returns whether some of them were handled before. */
  #take(lane: ReceivingLane, frame: DataFrame, nowMs: number): boolean {
    const { epoch, attempt, first, count, after, entries } = frame;
    let before = after;
    let isRepeated = false;
    for (const [index, entry] of decodeEntries(entries, count).entries()) {
      const sequence = first + index;
      const isHandled = lane.handled.has(sequence);
      isRepeated ||= isHandled;
      if (!isHandled && !lane.holds(sequence)) {
        if (!lane.isNext(sequence, before)) break;
        const pause = this.#pause ?? this.#bound(lane, sequence);
        if (pause !== undefined) {
          this.#answers.nack(lane.name, sequence, pause);
          break;
        }
        lane.push({ epoch, lane: lane.name, sequence, attempt, ...entry }, nowMs);
      }
      before = sequence;
    }
    this.#deliverNext(lane);
    return isRepeated;
  }

  /** Why a message that is next in its lane can not be taken all the same. */
  #bound(lane: ReceivingLane, sequence: number): Pause | undefined {
    if (this.#results.isFull) return RESULTS_FULL;
    if (lane.opensGap(sequence) && this.#lanes.gapCount >= INBOX_RANGES_MAX) return TOO_MANY_GAPS;
    if (lane.isEmpty) return undefined;
    const isFull = this.#lanes.waitingBytes >= WAITING_MAX_BYTES || this.pendingCount >= this.#options.creditMessages;
    return isFull ? FULL : undefined;
  }

  #raiseFloor({ lane, floor }: LaneFloor): void {
    // A lane whose floor is 1 has nothing to remember yet.
    if (floor > 1) this.#lanes.open(lane)?.raiseFloor(floor);
    this.#results.raiseFloor(lane, floor);
  }

  // ---- the handler

  #onHandled(message: HandledMessage): void {
    const lane = this.#laneOf(message);
    if (lane?.end(message.sequence) !== true) return;
    // What was recorded in a transaction of its own is in the set already.
    if (!lane.handled.has(message.sequence)) {
      lane.add(message.sequence);
      const result = resultOf(message);
      if (result !== undefined) this.#results.add(lane.name, result);
    }
    this.#deliverNext(lane);
  }

  #onFailed(message: HandledMessage, pause: Pause): void {
    const lane = this.#laneOf(message);
    if (lane?.end(message.sequence) !== true) return;
    lane.dropWaiting();
    this.#answers.nack(lane.name, message.sequence, pause);
  }

  /** A message of an epoch that is over says nothing about those of this one. */
  #laneOf({ epoch, lane }: HandledMessage): ReceivingLane | undefined {
    return epoch === this.#epoch ? this.#lanes.get(lane) : undefined;
  }

  #deliverNext(lane: ReceivingLane): void {
    if (lane.isRunning) return;
    if (this.#results.isFull) {
      this.#giveBack(lane, RESULTS_FULL);
      return;
    }
    const message = lane.begin();
    if (message !== undefined) this.#outputs.push({ type: 'deliver', message });
  }

  #giveBack(lane: ReceivingLane, pause: Pause): void {
    const first = lane.dropWaiting();
    if (first !== undefined) this.#answers.nack(lane.name, first, pause);
  }

  // ---- the inbox

  /** The commit begins that a `record` asked for: what it has to do for the inbox to have everything that was handled. */
  beginRecord(): StoreOperation[] {
    return this.#journal.begin(this.#epoch, this.#lanes);
  }

  /**
   * Another commit begins, which is not under way together with one of `beginRecord`: the handler is done with this message
   * if it succeeds, and not otherwise. Answer with `recorded` or `recordFailed`, and with `handled` when the handler ends.
   */
  beginTransaction(message: HandledMessage): StoreOperation[] {
    const isOver = this.#laneOf(message) === undefined;
    return this.#journal.beginTransaction(this.#epoch, this.#lanes, isOver ? undefined : message);
  }

  #onRecorded(): void {
    const recorded = this.#journal.onRecorded(this.#epoch);
    if (recorded === undefined) return;
    for (const each of recorded.results) this.#answers.results(each);
    for (const lane of recorded.lanes) this.#answers.ack(lane);
  }
}
