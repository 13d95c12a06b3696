// The judge of a sending half. It writes down what was sent, what was told of it, and what lay on the disk when the power
// went, and throws at the first thing that must not be. It knows nothing of how a sending half works.

import { decodeEntries } from '@holdfast/protocol/core';
import {
  type BatchRecord,
  decodeBatch,
  decodeLane,
  type LaneRecord,
  type StoreOperation,
} from '../../src/core/index.js';
import type { Disk } from './virtual-world.js';

/** One message, from its sending to its end. */
interface Entry {
  readonly text: string;
  readonly lane: string;
  readonly sequence: number;
  /** Whether its process has died, and the disk did not have it. */
  isGone: boolean;
  /** Whether it was told to be stored. */
  isStored: boolean;
  /** How it ended, as told by this life of the sending half. */
  outcome: string | undefined;
  /** How it ended, as told by an earlier life. */
  earlier: string | undefined;
}

/** A number of a lane, as a text. */
function placeOf(lane: string, sequence: number): string {
  return `${lane}/${sequence}`;
}

/** Watches one sending half through all its lives. */
export class SendingLedger {
  /** By text. */
  readonly #entries = new Map<string, Entry>();
  /** By place. A number that nobody has seen can be given out again after a crash. */
  #places = new Map<string, Entry>();
  /** Outcomes by status, of all lives. */
  readonly outcomes = new Map<string, number>();
  /** Messages whose commit failed and that may be on the disk all the same. */
  readonly #ghosts = new Set<string>();
  /** Messages that a commit took off the disk of which nobody has heard; who dies now does not hear how they ended. */
  readonly #justGone = new Set<string>();
  /** The same for a commit that was told to have failed and is on the disk: a later commit may tell how they ended. */
  readonly #goneUnheard = new Set<string>();
  /** Messages that came back although the process that died had given them up: they come late. */
  readonly revived = new Set<string>();

  onSent(text: string, lane: string, sequence: number): void {
    const place = placeOf(lane, sequence);
    must(!this.#places.has(place), `${place} was given out twice`);
    const entry = { text, lane, sequence, isGone: false, isStored: false, outcome: undefined, earlier: undefined };
    this.#entries.set(text, entry);
    this.#places.set(place, entry);
  }

  onStored(lane: string, first: number, last: number): void {
    for (let sequence = first; sequence <= last; sequence++) this.#entry(lane, sequence).isStored = true;
  }

  onOutcome(lane: string, first: number, last: number, outcome: string, wasHandled: (text: string) => boolean): void {
    for (let sequence = first; sequence <= last; sequence++) {
      const entry = this.#entryOrGone(lane, sequence, wasHandled);
      if (entry === undefined) continue;
      const place = placeOf(lane, sequence);
      must(entry.outcome === undefined, `${place} ended as ${entry.outcome}, and again as ${outcome}`);
      const isSame = entry.earlier === undefined || entry.earlier === outcome || this.#ghosts.has(entry.text);
      const isHandledTwice = isHandledOutcome(entry.earlier) && isHandledOutcome(outcome);
      // A refusal that the disk had not heard of comes back as what the receiver says of it, and can be too old by then.
      const wasRefused = entry.earlier === 'rejected' && wasHandled(entry.text);
      must(
        isSame || isHandledTwice || wasRefused,
        `${place} ended as ${entry.earlier}, and as ${outcome} after a crash`,
      );
      if (isHandledOutcome(outcome)) must(wasHandled(entry.text), `${place} is ${outcome} and was not handled`);
      entry.outcome = outcome;
      this.outcomes.set(outcome, (this.outcomes.get(outcome) ?? 0) + 1);
    }
  }

  /** A commit has failed, and its changes are on the disk all the same. */
  onGhosts(operations: readonly StoreOperation[]): void {
    for (const operation of operations) {
      if (operation.type !== 'put' || !operation.key.includes('/batch/')) continue;
      for (const { text } of messagesIn(operation.value)) this.#ghosts.add(text);
    }
  }

  /** A commit reaches the disk. @param isHeard - false: it is going to be told that it failed */
  onDisk(disk: Disk, operations: readonly StoreOperation[], isHeard = true): void {
    const before = survivorsOn(disk);
    disk.apply(operations);
    const after = survivorsOn(disk);
    const gone = isHeard ? this.#justGone : this.#goneUnheard;
    for (const text of before) if (!after.has(text)) gone.add(text);
  }

  /** The sending half has heard that its commit is on the disk. */
  onCommitTold(): void {
    this.#justGone.clear();
  }

  /** The power goes. */
  onCrash(
    disk: Disk,
    {
      isSettled,
      wasHandled,
    }: { isSettled: (lane: string, sequence: number) => boolean; wasHandled: (text: string) => boolean },
  ): void {
    const survivors = survivorsOn(disk);
    this.#places = new Map();
    for (const entry of this.#entries.values()) {
      const { text, lane, sequence, outcome, isStored } = entry;
      const place = placeOf(lane, sequence);
      const isBack = survivors.has(text);
      must(!isBack || !entry.isGone, `${place} was lost with its process, and is back`);
      // What the receiver has settled it settles again, until the disk has heard of it.
      const isGivenUp = outcome !== undefined && !isHandledOutcome(outcome) && !wasHandled(text);
      must(!isBack || !isGivenUp || this.#ghosts.has(text), `${place} was told to be ${outcome}, and is back`);
      const isExcused = this.#justGone.has(text) || this.#goneUnheard.has(text) || entry.isGone;
      must(isBack || !isStored || outcome !== undefined || isExcused, `${place} was told to be stored, and is lost`);
      if (isBack && isSettled(lane, sequence)) this.revived.add(text);
      // Nobody waits for the others any more.
      if (!isBack) entry.isGone = true;
      else {
        Object.assign(entry, { isStored: true, outcome: undefined, earlier: outcome ?? entry.earlier });
        this.#places.set(place, entry);
      }
    }
    this.#justGone.clear();
  }

  /** Messages of this life that have no outcome, and that a sending half should therefore count. */
  openPlaces(): { readonly lane: string; readonly sequence: number }[] {
    return [...this.#places.values()].filter(({ outcome }) => outcome === undefined);
  }

  /** Everything has come to rest: all has been told. */
  onEnd(): void {
    for (const [text, { outcome, isGone }] of this.#entries)
      must(isGone || outcome !== undefined, `${text} never ended`);
  }

  /** Of what an earlier life sent without storing it, the receiver can still say that it was handled. */
  #entryOrGone(lane: string, sequence: number, wasHandled: (text: string) => boolean): Entry | undefined {
    const isHere = this.#places.has(placeOf(lane, sequence));
    const gone = [...this.#entries.values()].filter((each) => each.isGone && each.lane === lane);
    const isOfGone = gone.some((each) => each.sequence === sequence && wasHandled(each.text));
    return !isHere && isOfGone ? undefined : this.#entry(lane, sequence);
  }

  #entry(lane: string, sequence: number): Entry {
    const entry = this.#places.get(placeOf(lane, sequence));
    if (entry === undefined) throw new Error(`${placeOf(lane, sequence)} was told of and never sent`);
    return entry;
  }
}

function isHandledOutcome(outcome: string | undefined): boolean {
  return outcome === 'acknowledged' || outcome === 'replied';
}

/** The texts of the messages that a process which begins with this disk would have to send. */
function survivorsOn(disk: Disk): Set<string> {
  const floors = new Map<string, number>();
  const survivors = new Set<string>();
  for (const [key, value] of disk.records) {
    if (!key.includes('/lane/')) continue;
    const { lane, floor } = decodeLane(value) as LaneRecord;
    floors.set(lane, floor);
  }
  for (const [key, value] of disk.records) {
    if (!key.includes('/batch/')) continue;
    const { lane, settled } = decodeBatch(value) as BatchRecord;
    const over = new Set(settled.flatMap(({ first, last }) => range(first, last)));
    for (const { text, sequence } of messagesIn(value)) {
      if (sequence >= (floors.get(lane) ?? 1) && !over.has(sequence)) survivors.add(text);
    }
  }
  return survivors;
}

function messagesIn(record: Uint8Array): { readonly text: string; readonly sequence: number }[] {
  const { first, count, entries } = decodeBatch(record) as BatchRecord;
  return decodeEntries(entries, count).map(({ name }, index) => ({ text: name, sequence: first + index }));
}

function range(first: number, last: number): number[] {
  return Array.from({ length: last - first + 1 }, (_, index) => first + index);
}

function must(condition: boolean, message: string): asserts condition {
  if (!condition) throw new Error(message);
}
