// What a receiver tells its sender: that the channel is open, what was handled, what handlers answered, what is to come again,
// and how much may be in flight. Acks, results and credit only while the channel is open; the next `opened` says the same.

import { type ChannelFrame, EMPTY_RANGES, NACK_CODE } from '@holdfast/protocol/core';
import { resultFrames } from './kept-results.js';
import type { LaneResults, Pause } from './receiver-contract.js';
import type { ReceivingLane } from './receiving-lane.js';

/** What of a lane the sender is told. */
type SaidLane = Pick<ReceivingLane, 'name' | 'recorded'>;

/** The frames to the sender, as they are to be sent. */
export class ReceiverAnswers {
  readonly #send: (frame: ChannelFrame) => void;
  /** The epoch that the sender has opened on this connection; `undefined`: none. */
  #epoch: string | undefined;
  #credit: number;
  /** What the sender was last told on this connection. */
  #toldCredit = 0;

  constructor(credit: number, send: (frame: ChannelFrame) => void) {
    this.#credit = credit;
    this.#send = send;
  }

  /** Whether the sender has opened this epoch on this connection. */
  isOpen(epoch: string): boolean {
    return this.#epoch === epoch;
  }

  /** The sender opens the channel: it is told what it may have missed. */
  open(epoch: string, lanes: Iterable<SaidLane>, results: Iterable<LaneResults>): void {
    this.#epoch = epoch;
    for (const each of results) this.results(each);
    this.#toldCredit = this.#credit;
    const said = [...lanes].map(({ name, recorded }) => ({ lane: name, handled: recorded }));
    this.#send({ type: 'opened', epoch, credit: this.#credit, lanes: said });
  }

  /** The connection is over, or a new one begins. */
  close(): void {
    this.#epoch = undefined;
  }

  /** So much may be in flight from now on. A rise is told at once, in an ack of `lane`, since no other ack may be coming. */
  setCredit(credit: number, lane: SaidLane = { name: '', recorded: EMPTY_RANGES }): void {
    this.#credit = credit;
    // A lower one can wait for the next ack.
    if (credit > this.#toldCredit) this.ack(lane);
  }

  ack({ name, recorded }: SaidLane): void {
    if (this.#epoch === undefined) return;
    this.#toldCredit = this.#credit;
    this.#send({ type: 'ack', epoch: this.#epoch, credit: this.#credit, lane: name, handled: recorded });
  }

  results(results: LaneResults): void {
    const epoch = this.#epoch;
    if (epoch === undefined) return;
    for (const each of resultFrames(results)) this.#send({ type: 'results', epoch, ...each });
  }

  /** Everything of the lane from `from` on is to come again. */
  nack(lane: string, from: number, pause: Pause): void {
    if (this.#epoch !== undefined) this.#send({ type: 'nack', epoch: this.#epoch, lane, from, ...pause });
  }

  /** The sender has to open this epoch first. */
  notOpen(epoch: string): void {
    const code = NACK_CODE.notOpen;
    this.#send({ type: 'nack', epoch, code, lane: '', from: 0, retryAfterMs: 0, reason: 'open the channel first' });
  }
}
