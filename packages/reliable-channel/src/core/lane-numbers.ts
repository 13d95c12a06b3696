// The numbers of one lane: which is next, which the store knows to be taken, and how often the handler has refused the message
// that holds the lane up. What of it has to outlive the process is in the lane's record.

import type { LaneRecord } from './outbox-record.js';

/** Numbers that are reserved in the store at a time for messages that go out without being stored. */
export const RESERVED_NUMBERS = 1_024;

/** The numbering of one lane. */
export class LaneNumbers {
  /** The number of the next message. Never goes back. */
  #next: number;
  /** The same as the store has it: numbers below are never given out again, whatever happens. */
  #storedNext: number;
  #storedFloor: number;
  /** The last number that a batch in the store ever had. */
  #writtenUpTo: number;
  /** Numbers below are asked of the store. */
  #reserveUpTo = 0;
  /** The message that its handler refused last, and how often. */
  #failedSequence: number;
  #failures: number;
  /** Whether the store's record of the lane is not the latest. */
  isDirty = false;

  /** @param record - as the store has it */
  constructor(record: LaneRecord) {
    this.#next = record.next;
    this.#storedNext = record.next;
    this.#storedFloor = record.floor;
    this.#writtenUpTo = record.next - 1 - record.reserved;
    this.#failedSequence = record.failedSequence;
    this.#failures = record.failures;
  }

  get next(): number {
    return this.#next;
  }

  /** Numbers below may be seen by the receiver: a crash does not take them back. */
  get storedNext(): number {
    return this.#storedNext;
  }

  /** The floor that the store knows. */
  get storedFloor(): number {
    return this.#storedFloor;
  }

  /** The last number that a batch in the store ever had. */
  get writtenUpTo(): number {
    return this.#writtenUpTo;
  }

  /** Gives out the next number. */
  take(): number {
    this.isDirty = true;
    return this.#next++;
  }

  /** Takes numbers ahead with the next record. */
  reserve(): void {
    this.isDirty = true;
    this.#reserveUpTo = Math.max(this.#reserveUpTo, this.#next + RESERVED_NUMBERS);
  }

  /**
   * A batch that ends with `last` goes into the store. The record that says so has to go with it, or a crash would leave the
   * batch unread.
   */
  onWritten(last: number): void {
    if (last <= this.#writtenUpTo) return;
    this.#writtenUpTo = last;
    this.isDirty = true;
  }

  /** The handler refused a message; returns how often it has by now. */
  countFailure(sequence: number): number {
    this.isDirty = true;
    this.#failures = this.failuresOf(sequence) + 1;
    this.#failedSequence = sequence;
    return this.#failures;
  }

  /** How often the handler has refused a message. */
  failuresOf(sequence: number): number {
    return sequence === this.#failedSequence ? this.#failures : 0;
  }

  /** What the store has to know, with everything below `floor` settled. */
  takeRecord(floor: number): Omit<LaneRecord, 'lane' | 'floor'> {
    this.isDirty = false;
    const next = Math.max(this.#next, this.#storedNext, this.#reserveUpTo);
    const isFailing = this.#failedSequence >= floor;
    return {
      next,
      reserved: next - 1 - this.#writtenUpTo,
      failedSequence: isFailing ? this.#failedSequence : 0,
      failures: isFailing ? this.#failures : 0,
    };
  }

  /** The store has this record. */
  onRecorded(record: LaneRecord): void {
    this.#storedNext = Math.max(this.#storedNext, record.next);
    this.#storedFloor = Math.max(this.#storedFloor, record.floor);
  }
}
