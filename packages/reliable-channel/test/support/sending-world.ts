// A sending core with a disk, a clock that may leap, and a receiver on a page, for tests that let anything happen in any
// order. Nothing happens by itself: the test says when a commit ends and how, when frames arrive, and how time goes by.

import { type ChannelFrame, encodeEntry } from '@holdfast/protocol/core';
import {
  type BatchRecord,
  batchKey,
  batchKeyEnd,
  type DeadLetterIndex,
  deadLetterIndexKey,
  decodeBatch,
  decodeDeadLetterIndex,
  decodeLane,
  decodeMeta,
  encodeMeta,
  type Importance,
  type LaneRecord,
  type MessageTraits,
  metaKey,
  NO_DEAD_LETTERS,
  type OpenedOutbox,
  type OutboxMeta,
  Sender,
  type SenderInput,
  type SenderOptions,
  type SenderOutput,
} from '../../src/core/index.js';
import { type Answer, ModelReceiver } from './model-receiver.js';
import { SendingLedger } from './sending-ledger.js';
import { Disk } from './virtual-world.js';

/** Small numbers, so that every bound is met again and again. */
export const SMALL_SENDER: SenderOptions = {
  keyPrefix: 'outbox',
  outboxMaxMessages: 60,
  outboxMaxBytes: 3_000,
  outboxMaxAgeMs: Number.POSITIVE_INFINITY,
  whenFull: 'reject',
  waitMaxMessages: 10,
  waitMaxBytes: 500,
  deadLettersMaxMessages: 5,
  deadLettersMaxBytes: 1_000,
  windowMaxMessages: 12,
  windowMaxBytes: 600,
  batchMaxBytes: 120,
  batchMaxMessages: 5,
  loadedMaxBytes: 400,
  dataFrameMaxBytes: 150,
  deleteDelayMs: 20,
  lanePriorities: new Map([['fast', 1]]),
  ackTimeout: { initialMs: 200, minMs: 50, maxMs: 2_000 },
  retryBackoff: { minMs: 10, maxMs: 400 },
  maxAttempts: 4,
};

/** How a commit ends. */
export type CommitEnd = 'done' | 'failed' | 'failedButOnDisk';
/** When the power goes, if it does: before the disk has the commit, or behind that and before the core hears of it. */
export type CrashMoment = 'before' | 'after';

const EPOCH = '00000000000000aa';
/** 1 January 2026. */
const WALL_MS = 1_767_225_600_000;
const ROOM_BYTES = 400;

type Commit = Extract<SenderOutput, { type: 'commit' }>;
type Load = Extract<SenderOutput, { type: 'load' }>;

/** What is asked for a message. */
export interface Sending {
  readonly lane: string;
  readonly importance: Importance;
  readonly traits: MessageTraits;
  readonly extraBytes: number;
}

/** One sending half through all its lives, and everything around it. */
export class SendingWorld {
  readonly disk = new Disk();
  readonly ledger = new SendingLedger();
  readonly receiver: ModelReceiver;
  readonly #options: SenderOptions;
  sender: Sender;
  nowMs = 0;
  /** What the wall clock is wrong by. */
  wallLeapMs = 0;
  isLinkUp = false;
  /** Frames on their way, in order. */
  #toReceiver: ChannelFrame[] = [];
  #toSender: ChannelFrame[] = [];
  commit: Commit | undefined;
  #loads: Load[] = [];
  #texts = 0;
  #randomWord = 12_345;
  outputCount = 0;

  constructor(options: Partial<SenderOptions> = {}, answer: (text: string) => Answer = () => 'done') {
    this.#options = { ...SMALL_SENDER, ...options };
    this.receiver = new ModelReceiver(answer, (frame) => this.#toSender.push(frame));
    const meta: OutboxMeta = { epoch: EPOCH, ordinal: 1, bytes: 0, ageMs: 0, wallMs: WALL_MS };
    this.disk.apply([{ type: 'put', key: metaKey('outbox'), value: encodeMeta(meta) }]);
    this.sender = this.#open();
  }

  // ---- what a program does

  /** Sends a message, if it can be taken; returns its number. */
  send({ lane, importance, traits, extraBytes }: Sending): number | undefined {
    this.#texts += 1;
    const text = `m${this.#texts}`;
    const message = { lane, importance, traits, entry: encodeEntry(text, new Uint8Array(extraBytes)) };
    if (this.sender.refusalOf(message, this.nowMs) !== undefined) return undefined;
    const sequence = this.sender.nextSequence(lane);
    this.ledger.onSent(text, lane, sequence);
    this.feed({ type: 'send', message });
    return sequence;
  }

  cancel(pick: number): void {
    const open = this.ledger.openPlaces();
    const place = open[pick % Math.max(1, open.length)];
    if (place !== undefined && this.sender.canCancel(place.lane, place.sequence))
      this.feed({ type: 'cancel', ...place });
  }

  // ---- the store

  /** The commit under way ends. */
  endCommit(end: CommitEnd): void {
    const { commit } = this;
    if (commit === undefined) return;
    this.commit = undefined;
    if (end === 'failedButOnDisk') this.ledger.onGhosts(commit.operations);
    if (end !== 'failed') this.ledger.onDisk(this.disk, commit.operations, end === 'done');
    this.feed(end === 'done' ? { type: 'committed' } : { type: 'commitFailed', detail: 'the disk is full' });
    if (end === 'done') this.ledger.onCommitTold();
  }

  /** A read ends. */
  endLoad(fails: boolean): void {
    const load = this.#loads.shift();
    if (load === undefined) return;
    const { lane, from, upTo, maxBytes } = load;
    if (fails) {
      this.feed({ type: 'loadFailed', lane });
      return;
    }
    const values = this.disk.read(batchKey('outbox', lane, from), batchKeyEnd('outbox', lane), maxBytes);
    const batches = values.map((value) => decodeBatch(value) as BatchRecord);
    this.feed({ type: 'loaded', lane, batches, upTo, isDamaged: false });
  }

  /** The power goes and comes back. With a commit under way, before or after the disk has it. */
  crash(moment: CrashMoment = 'before', downMs = 0): void {
    if (this.commit !== undefined && moment === 'after') this.ledger.onDisk(this.disk, this.commit.operations);
    const lanes = new Map([...this.sender.lanes].map((lane) => [lane.name, lane]));
    this.ledger.onCrash(this.disk, {
      isSettled: (lane, sequence) => lanes.get(lane)?.isSettled(sequence) ?? false,
      wasHandled: (text) => this.receiver.done.some((done) => done.text === text),
    });
    this.commit = undefined;
    this.#loads = [];
    this.#toReceiver = [];
    this.#toSender = [];
    this.isLinkUp = false;
    this.nowMs += downMs;
    this.sender = this.#open();
  }

  // ---- the link

  connect(): void {
    if (this.isLinkUp) return;
    this.isLinkUp = true;
    this.receiver.forgetOpening();
    this.feed({ type: 'linkUp' });
    this.feed({ type: 'room', bytes: ROOM_BYTES });
  }

  cut(): void {
    this.#toReceiver = [];
    this.#toSender = [];
    if (!this.isLinkUp) return;
    this.isLinkUp = false;
    this.feed({ type: 'linkDown' });
  }

  /** Some of what is on its way arrives. */
  deliver(count: number): void {
    for (let left = count; left > 0 && this.#toReceiver.length + this.#toSender.length > 0; left--) {
      const toReceiver = this.#toReceiver.shift();
      if (toReceiver !== undefined) this.receiver.receive(toReceiver);
      const toSender = this.#toSender.shift();
      if (toSender !== undefined) this.feed({ type: 'frame', frame: toSender });
      if (this.isLinkUp) this.feed({ type: 'room', bytes: ROOM_BYTES });
    }
  }

  // ---- time

  /** Time goes by; a deadline that stands still is a hot loop. */
  pass(ms: number): void {
    const atMs = this.nowMs + ms;
    for (let dueMs = this.sender.nextTimeoutMs(); dueMs !== undefined && dueMs <= atMs; ) {
      this.nowMs = Math.max(dueMs, this.nowMs);
      this.feed({ type: 'timeout' });
      dueMs = this.sender.nextTimeoutMs();
      if (dueMs !== undefined && dueMs <= this.nowMs) {
        throw new Error(`a timeout at ${this.nowMs} ms wants another one at ${dueMs} ms`);
      }
    }
    this.nowMs = atMs;
  }

  /** Whether everything is over, and the store has heard of it. */
  get isAtRest(): boolean {
    const isRead = [...this.sender.lanes].every(({ hasUnloaded }) => !hasUnloaded);
    return this.sender.backlog.messages === 0 && this.sender.isStoreIdle && isRead && this.#loads.length === 0;
  }

  /** Everything works from now on; returns whether it comes to rest. */
  settle(limitMs = 600_000): boolean {
    const endMs = this.nowMs + limitMs;
    this.receiver.isMute = false;
    this.connect();
    while (!this.isAtRest && this.nowMs < endMs) {
      this.endCommit('done');
      this.endLoad(false);
      this.deliver(5);
      this.pass(5);
    }
    return this.isAtRest;
  }

  /** What holds at every moment. */
  expectSound(): void {
    const lanes = [...this.sender.lanes];
    const { messages, bytes } = this.sender.backlog;
    const open = this.ledger.openPlaces();
    const byName = new Map(lanes.map((lane) => [lane.name, lane]));
    const unsettled = open.filter(({ lane, sequence }) => byName.get(lane)?.isSettled(sequence) !== true).length;
    // Until the store has been read, numbers count that were lost with a process.
    const isRead = lanes.every(({ hasUnloaded }) => !hasUnloaded);
    if (messages < unsettled || (isRead && messages !== unsettled)) {
      throw new Error(`${messages} messages are counted, and ${unsettled} are not settled`);
    }
    const loaded = lanes.flatMap(({ batches }) => batches).reduce((sum, { entries }) => sum + entries.length, 0);
    if (isRead && this.sender.isStoreIdle && bytes !== loaded)
      throw new Error(`${bytes} bytes are counted, not ${loaded}`);
    const { inFlight } = this.sender;
    if (inFlight > this.#options.windowMaxMessages) throw new Error(`${inFlight} messages are in flight`);
  }

  /** Everything is over: nothing may be left, here or on the disk. */
  expectOver(): void {
    this.ledger.onEnd();
    const { messages, bytes } = this.sender.backlog;
    if (messages !== 0 || bytes !== 0) throw new Error(`${messages} messages and ${bytes} bytes are left`);
    const left = [...this.disk.records.keys()].filter((key) => key.includes('/batch/'));
    if (left.length > 0) throw new Error(`${left.join(', ')} are left on the disk`);
    this.#expectOrder();
  }

  /** Handled once, and in order within each lane; what a crash brought back may come late. */
  #expectOrder(): void {
    const last = new Map<string, number>();
    const handled = new Set<string>();
    for (const { lane, sequence, text } of this.receiver.done) {
      if (handled.has(text)) throw new Error(`${text} was handled twice`);
      handled.add(text);
      if (this.ledger.revived.has(text)) continue;
      if (sequence <= (last.get(lane) ?? 0)) throw new Error(`${lane}/${sequence} came behind ${last.get(lane)}`);
      last.set(lane, sequence);
    }
  }

  feed(input: SenderInput | { readonly type: 'timeout' }): void {
    this.sender.handle(input, this.nowMs);
    for (let output = this.sender.poll(); output !== undefined; output = this.sender.poll()) this.#apply(output);
  }

  #apply(output: SenderOutput): void {
    this.outputCount += 1;
    const wasHandled = (text: string): boolean => this.receiver.done.some((done) => done.text === text);
    switch (output.type) {
      case 'commit':
        if (this.commit !== undefined) throw new Error('a commit begins before another one has ended');
        this.commit = output;
        return;
      case 'load':
        this.#loads.push(output);
        return;
      case 'frame':
        if (!this.isLinkUp) throw new Error(`${output.frame.type} was sent without a link`);
        this.#toReceiver.push(output.frame);
        return;
      case 'stored':
        this.ledger.onStored(output.lane, output.first, output.last);
        return;
      case 'acknowledged':
        this.ledger.onOutcome(output.lane, output.first, output.last, 'acknowledged', wasHandled);
        return;
      case 'replied':
        this.ledger.onOutcome(output.lane, output.sequence, output.sequence, 'replied', wasHandled);
        return;
      case 'givenUp':
        this.ledger.onOutcome(output.lane, output.first, output.last, output.outcome.status, wasHandled);
        return;
    }
  }

  #open(): Sender {
    const random = (): number => {
      this.#randomWord = (Math.imul(this.#randomWord, 1_664_525) + 1_013_904_223) >>> 0;
      return this.#randomWord;
    };
    const wallClockMs = (): number => WALL_MS + this.nowMs + this.wallLeapMs;
    return new Sender(this.#options, openedFrom(this.disk), { random, wallClockMs });
  }
}

/** An outbox as a disk has it. */
export function openedFrom(disk: Disk): OpenedOutbox {
  const lanes = [...disk.records].filter(([key]) => key.startsWith('outbox/lane/'));
  const index = disk.records.get(deadLetterIndexKey('outbox'));
  return {
    meta: decodeMeta(disk.records.get(metaKey('outbox')) as Uint8Array) as OutboxMeta,
    lanes: lanes.map(([, value]) => decodeLane(value) as LaneRecord),
    deadLetters: index === undefined ? NO_DEAD_LETTERS : (decodeDeadLetterIndex(index) as DeadLetterIndex),
  };
}
