// A receiving half that fits on a page: sets and maps, no limits, no cleverness. It survives the crashes of its sender, says
// what it has handled, and throws when the sender does what no sender may do.

import {
  type ChannelFrame,
  decodeEntries,
  type MessageResult,
  NACK_CODE,
  type RangeList,
} from '@holdfast/protocol/core';

/** What the handler does with a message. `silent`: it takes it, and its ack comes only with that of a later one. */
export type Answer = 'done' | 'reply' | 'reject' | 'fail' | 'retryLater' | 'overloaded' | 'silent';

interface ModelLane {
  readonly handled: Set<number>;
  readonly results: Map<number, MessageResult>;
  /** The message behind each number that was ever seen. */
  readonly seen: Map<number, string>;
  floor: number;
}

/** The other end. */
export class ModelReceiver {
  /** What the handler has done, in order: lane, number, and the text of the message. */
  readonly done: { readonly lane: string; readonly sequence: number; readonly text: string }[] = [];
  credit = 20;
  /** Whether nothing is said to anything. */
  isMute = false;
  readonly #answer: (text: string) => Answer;
  readonly #say: (frame: ChannelFrame) => void;
  readonly #epochs = new Map<string, Map<string, ModelLane>>();
  #openEpoch: string | undefined;

  constructor(answer: (text: string) => Answer, say: (frame: ChannelFrame) => void) {
    this.#answer = answer;
    this.#say = say;
  }

  /** It forgets that a channel was open, as one that has restarted does. */
  forgetOpening(): void {
    this.#openEpoch = undefined;
  }

  /** Whether a message was handled, whatever came of it. */
  hasHandled(lane: string, sequence: number): boolean {
    return [...this.#epochs.values()].some((lanes) => lanes.get(lane)?.handled.has(sequence) === true);
  }

  receive(frame: ChannelFrame): void {
    if (this.isMute) return;
    if (frame.type === 'open') this.#open(frame);
    else if (frame.type === 'data') this.#take(frame);
    else throw new Error(`a sender does not say ${frame.type}`);
  }

  #open({ epoch, lanes }: Extract<ChannelFrame, { type: 'open' }>): void {
    this.#openEpoch = epoch;
    for (const { lane, floor } of lanes) this.#raiseFloor(this.#laneOf(epoch, lane), floor);
    const known = [...(this.#epochs.get(epoch) ?? new Map<string, ModelLane>())];
    for (const [lane, { results }] of known) {
      if (results.size > 0) this.#say({ type: 'results', epoch, lane, results: sorted([...results.values()]) });
    }
    const told = known.map(([lane, { handled }]) => ({ lane, handled: rangesOf(handled) }));
    this.#say({ type: 'opened', epoch, credit: this.credit, lanes: told });
  }

  #take(frame: Extract<ChannelFrame, { type: 'data' }>): void {
    const { epoch, lane: name, first, after, floor, count, entries } = frame;
    if (epoch !== this.#openEpoch) {
      this.#say({ type: 'nack', epoch, code: NACK_CODE.notOpen, lane: '', from: 0, retryAfterMs: 0, reason: '' });
      return;
    }
    const lane = this.#laneOf(epoch, name);
    this.#raiseFloor(lane, floor);
    let isSilent = true;
    let before = after;
    const texts = decodeEntries(entries, count).map((entry) => entry.name);
    for (const [index, text] of texts.entries()) {
      const sequence = first + index;
      const known = lane.seen.get(sequence) ?? text;
      if (known !== text)
        throw new Error(`${name}/${sequence} was ${known} and is ${text} now: a number was used twice`);
      lane.seen.set(sequence, text);
      if (!lane.handled.has(sequence)) {
        const isInOrder = before === 0 || before < lane.floor || lane.handled.has(before);
        if (!isInOrder) break;
        const answer = this.#answer(text);
        if (answer === 'fail' || answer === 'retryLater' || answer === 'overloaded') {
          const code = {
            fail: NACK_CODE.handlerFailed,
            retryLater: NACK_CODE.retryLater,
            overloaded: NACK_CODE.overloaded,
          };
          this.#ack(epoch, name, lane);
          this.#say({
            ...{
              type: 'nack',
              epoch,
              code: code[answer],
              lane: name,
              from: sequence,
              retryAfterMs: 50,
              reason: answer,
            },
          });
          return;
        }
        lane.handled.add(sequence);
        this.done.push({ lane: name, sequence, text });
        if (answer === 'reply') lane.results.set(sequence, { sequence, kind: 'reply', value: Uint8Array.of(1) });
        if (answer === 'reject') lane.results.set(sequence, { sequence, kind: 'rejected', reason: 'bad' });
        if (answer !== 'silent') isSilent = false;
      } else isSilent = false;
      before = sequence;
    }
    if (!isSilent) this.#ack(epoch, name, lane);
  }

  #ack(epoch: string, name: string, lane: ModelLane): void {
    const results = sorted([...lane.results.values()]);
    if (results.length > 0) this.#say({ type: 'results', epoch, lane: name, results });
    this.#say({ type: 'ack', epoch, lane: name, handled: rangesOf(lane.handled), credit: this.credit });
  }

  #raiseFloor(lane: ModelLane, floor: number): void {
    if (floor < lane.floor) throw new Error(`the floor went back from ${lane.floor} to ${floor}`);
    lane.floor = floor;
    for (let sequence = 1; sequence < floor; sequence++) lane.handled.add(sequence);
    for (const sequence of lane.results.keys()) if (sequence < floor) lane.results.delete(sequence);
  }

  #laneOf(epoch: string, name: string): ModelLane {
    const lanes = this.#epochs.get(epoch) ?? new Map<string, ModelLane>();
    this.#epochs.set(epoch, lanes);
    const lane = lanes.get(name) ?? { handled: new Set(), results: new Map(), seen: new Map(), floor: 1 };
    lanes.set(name, lane);
    return lane;
  }
}

function sorted(results: MessageResult[]): MessageResult[] {
  return results.sort((a, b) => a.sequence - b.sequence);
}

function rangesOf(handled: ReadonlySet<number>): RangeList {
  let cumulative = 0;
  while (handled.has(cumulative + 1)) cumulative += 1;
  const ranges: { first: number; last: number }[] = [];
  for (const sequence of [...handled].filter((each) => each > cumulative).sort((a, b) => a - b)) {
    const before = ranges.at(-1);
    if (before?.last === sequence - 1) before.last = sequence;
    else ranges.push({ first: sequence, last: sequence });
  }
  return { cumulative, ranges };
}
