// What handlers answered, kept until the sender's floor says that it has it on its own disk. Results lie in records, one for
// each commit that brought some; a record goes when nothing in it is wanted any more.
//
//   fresh -> being recorded -> recorded, and said -> below the floor: forgotten, and its record deleted

import { type MessageResult, REPLY_MAX_BYTES, RESULTS_MAX, utf8Length } from '@holdfast/protocol/core';
import {
  encodeResults,
  RESULTS_KEPT_MAX,
  RESULTS_KEPT_MAX_BYTES,
  resultsKey,
  type StoredResults,
} from './inbox-record.js';
import type { LaneResults } from './receiver-contract.js';
import type { StoreOperation } from './store-operation.js';

interface KeptResult {
  readonly lane: string;
  readonly result: MessageResult;
  /** The record that has it; `undefined`: none yet. */
  record: number | undefined;
}

/** The results of one lane, ascending. */
interface LaneKept {
  results: Map<number, KeptResult>;
  highest: number;
}

/** The results that are kept for one sender. */
export class KeptResults {
  readonly #senderId: string;
  readonly #lanes = new Map<string, LaneKept>();
  /** How many results of a record are still wanted. */
  readonly #wanted = new Map<number, number>();
  #count = 0;
  #bytes = 0;
  /** Those that no record has, in the order they came. */
  #fresh: KeptResult[] = [];
  /** Those that are being recorded. */
  #recording: KeptResult[] = [];
  /** Records of which nothing is wanted. */
  #unwanted: number[] = [];
  /** Those of them that are being deleted. */
  #deleting: number[] = [];
  #nextRecord = 1;

  /** @param stored - what the inbox has, ascending; what is not of this epoch is forgotten */
  constructor(senderId: string, epoch: string, stored: readonly StoredResults[]) {
    this.#senderId = senderId;
    for (const { number, epoch: storedEpoch, lanes } of stored) {
      this.#nextRecord = number + 1;
      const results = storedEpoch === epoch ? lanes : [];
      for (const { lane, results: list } of results)
        for (const result of list) this.#keep({ lane, result, record: number });
      this.#setWanted(
        number,
        results.reduce((count, { results: list }) => count + list.length, 0),
      );
    }
  }

  get count(): number {
    return this.#count;
  }

  /** Bytes of the replies and reasons. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Whether no handler may run until the sender has taken some. */
  get isFull(): boolean {
    return this.#count >= RESULTS_KEPT_MAX || this.#bytes >= RESULTS_KEPT_MAX_BYTES;
  }

  /** Keeps a result. */
  add(lane: string, result: MessageResult): void {
    const kept: KeptResult = { lane, result, record: undefined };
    this.#keep(kept);
    this.#fresh.push(kept);
  }

  /** The sender has everything of the lane below `floor`. */
  raiseFloor(lane: string, floor: number): void {
    const results = this.#lanes.get(lane)?.results;
    if (results === undefined) return;
    for (const [sequence, { result, record }] of results) {
      if (sequence >= floor) break;
      results.delete(sequence);
      this.#count -= 1;
      this.#bytes -= sizeOf(result);
      if (record !== undefined) this.#setWanted(record, (this.#wanted.get(record) ?? 1) - 1);
    }
    if (results.size === 0) this.#lanes.delete(lane);
  }

  /** Forgets everything: the numbers mean other messages now. */
  clear(): void {
    for (const lane of [...this.#lanes.keys()]) this.raiseFloor(lane, Number.POSITIVE_INFINITY);
  }

  /**
   * What a commit has to do for the results to be where they belong: those that are fresh, and `extra`, go into a record, and
   * records that nobody wants go away. Answer with `onRecorded` or `onRecordFailed`.
   *
   * @param extra - a result that is kept only if this commit succeeds
   */
  beginRecord(
    epoch: string,
    extra: { readonly lane: string; readonly result: MessageResult } | undefined,
  ): StoreOperation[] {
    this.#recording = this.#fresh.filter((kept) => this.#isKept(kept));
    this.#fresh = [];
    if (extra !== undefined) this.#recording.push({ ...extra, record: undefined });
    this.#deleting = this.#unwanted;
    this.#unwanted = [];
    const operations: StoreOperation[] = this.#deleting.map((number) => ({ type: 'delete', key: this.#key(number) }));
    if (this.#recording.length === 0) return operations;
    const value = encodeResults({ epoch, lanes: byLane(this.#recording) });
    return [...operations, { type: 'put', key: this.#key(this.#nextRecord), value }];
  }

  /** The commit has succeeded. Returns the results that are on disk now and may be said, those below a floor left out. */
  onRecorded(extraIsKept: boolean): LaneResults[] {
    const number = this.#nextRecord;
    const recorded = this.#recording;
    this.#recording = [];
    this.#deleting = [];
    if (recorded.length === 0) return [];
    this.#nextRecord += 1;
    const extra = recorded.at(-1);
    if (extraIsKept && extra !== undefined) this.#keep(extra);
    const kept = recorded.filter((each) => this.#isKept(each));
    for (const each of kept) each.record = number;
    this.#setWanted(number, kept.length);
    return byLane(kept);
  }

  /** The commit has failed: everything is as before it, and `extra` is gone. */
  onRecordFailed(hadExtra: boolean): void {
    if (hadExtra) this.#recording.pop();
    this.#fresh = [...this.#recording, ...this.#fresh];
    this.#unwanted = [...this.#deleting, ...this.#unwanted];
    this.#recording = [];
    this.#deleting = [];
  }

  /** Those on disk of the numbers from `first` to `last`. */
  recorded(lane: string, first = 1, last = Number.POSITIVE_INFINITY): LaneResults {
    const results: MessageResult[] = [];
    for (const [sequence, { result, record }] of this.#lanes.get(lane)?.results ?? []) {
      if (sequence > last) break;
      if (sequence >= first && record !== undefined) results.push(result);
    }
    return { lane, results };
  }

  /** Names of the lanes that have any. */
  get lanes(): readonly string[] {
    return [...this.#lanes.keys()];
  }

  #keep(kept: KeptResult): void {
    const { sequence } = kept.result;
    const lane = this.#lanes.get(kept.lane) ?? { results: new Map<number, KeptResult>(), highest: 0 };
    this.#lanes.set(kept.lane, lane);
    lane.results.set(sequence, kept);
    // Only a sender that forgot with a crash that it had given up a message lets a lower number come later.
    if (sequence < lane.highest) lane.results = new Map([...lane.results].sort(([one], [other]) => one - other));
    lane.highest = Math.max(lane.highest, sequence);
    this.#count += 1;
    this.#bytes += sizeOf(kept.result);
  }

  #isKept(kept: KeptResult): boolean {
    return this.#lanes.get(kept.lane)?.results.get(kept.result.sequence) === kept;
  }

  #setWanted(record: number, count: number): void {
    if (count > 0) this.#wanted.set(record, count);
    else {
      this.#wanted.delete(record);
      this.#unwanted.push(record);
    }
  }

  #key(number: number): string {
    return resultsKey(this.#senderId, number);
  }
}

/** Results as they fit into frames: a limited number in each, and of replies not more bytes than one reply may have. */
export function resultFrames({ lane, results }: LaneResults): LaneResults[] {
  const frames: LaneResults[] = [];
  let frame: MessageResult[] = [];
  let bytes = 0;
  for (const result of results) {
    const size = result.kind === 'reply' ? result.value.length : 0;
    if (frame.length === RESULTS_MAX || bytes + size > REPLY_MAX_BYTES) {
      frames.push({ lane, results: frame });
      frame = [];
      bytes = 0;
    }
    frame.push(result);
    bytes += size;
  }
  if (frame.length > 0) frames.push({ lane, results: frame });
  return frames;
}

/** The results of each lane, ascending. */
function byLane(list: readonly KeptResult[]): LaneResults[] {
  const lanes = new Map<string, MessageResult[]>();
  for (const { lane, result } of list) {
    const results = lanes.get(lane);
    if (results === undefined) lanes.set(lane, [result]);
    else results.push(result);
  }
  for (const results of lanes.values()) results.sort((one, other) => one.sequence - other.sequence);
  return [...lanes].map(([lane, results]) => ({ lane, results }));
}

function sizeOf(result: MessageResult): number {
  return result.kind === 'reply' ? result.value.length : utf8Length(result.reason);
}
