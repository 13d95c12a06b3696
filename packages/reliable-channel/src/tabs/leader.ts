// The leading tab: it has the outbox, sends for all, and tells each tab what becomes of its messages. Its own tab is one of
// them and is treated like the others, so that it need not know who leads.

import type { HoldfastError } from '@holdfast/protocol';
import type { ChannelEvent, ChannelStats } from '../channel-events.js';
import type { MarkedRun, Run } from '../core/index.js';
import type { DeadLetterBox } from '../dead-letter-box.js';
import type { MarkedEnd, MarksObserver } from '../marks-contract.js';
import type { ReliableChannel } from '../reliable-channel.js';
import type { SharedParts, SharedStoreFactory } from '../shared-store.js';
import type { StoreFactory } from '../store.js';
import type { BusMessage, HandedEnd, HandedMessage, TabNews, ToLeader } from './bus-message.js';
import { Marks, readMarks } from './marks.js';
import type { Bus, TabPort } from './tab-port.js';

/** What a leader needs. */
export interface LeaderOptions {
  readonly name: string;
  readonly port: TabPort;
  open(store: StoreFactory): Promise<ReliableChannel>;
  /** Registers the handlers for what the agent sends. */
  register(channel: ReliableChannel): void;
  emit(event: ChannelEvent): void;
  /** Another tab has the store, or its data was cleared. */
  onLost(): void;
}

/** The name of the bus of a shared channel. Tabs with another version of its messages have one of their own. */
export function busName(name: string): string {
  return `holdfast/channel/1/${name}`;
}

/** The name of the lock that a tab holds as long as it lives. */
export function tabLock(name: string, tab: string): string {
  return `holdfast/tab/${name}/${tab}`;
}

/** Tabs that are gone of which a leader knows; what the first of them had said has arrived long ago. */
const GONE_TABS_MAX = 1_000;

/** One time of leading. */
export class Leader implements MarksObserver {
  readonly #options: LeaderOptions;
  readonly #life: string;
  readonly #bus: Bus;
  /** Lets the store go, in whatever state it is. */
  readonly #abandoned = new AbortController();
  #parts: SharedParts | undefined;
  #marks: Marks | undefined;
  #channel: ReliableChannel | undefined;
  /** What the tabs are to be told at the end of this turn. */
  #news = new Map<string, TabNews[]>();
  /** The tabs of whose end it wants to know, and what ends the wanting. */
  readonly #watched = new Map<string, AbortController>();
  /** Tabs that are gone. What they have said may arrive after their end, when nothing tells any more what of it is stored. */
  readonly #gone = new Set<string>();
  #stopObserving = (): void => {};
  #isOver = false;

  constructor(options: LeaderOptions) {
    this.#options = options;
    const { runtime } = options.port;
    this.#life = `${runtime.randomUint32().toString(36)}-${runtime.randomUint32().toString(36)}`;
    this.#bus = options.port.openBus(busName(options.name), (message) => this.#onBus(message));
  }

  /** The dead letters of all tabs. */
  get deadLetters(): DeadLetterBox | undefined {
    return this.#channel?.deadLetters;
  }

  /** Where the channel stands. */
  stats(): ChannelStats | undefined {
    return this.#channel?.stats();
  }

  /** Opens the channel and tells the tabs. Rejects when that can not be; then nothing is left of it. */
  async begin(): Promise<void> {
    const { name, port, open, register, emit, onLost } = this.#options;
    const store: SharedStoreFactory = {
      name: `shared ${name}`,
      marks: async (checked, prefix) => {
        const found = await readMarks(checked, prefix);
        return (surroundings) => {
          this.#marks = new Marks({ ...surroundings, observer: this }, found);
          return this.#marks;
        };
      },
      open: () => port.openStore(name, { abandoned: this.#abandoned.signal, onLost }),
      onOpened: (parts) => {
        this.#parts = parts;
      },
    };
    let channel: ReliableChannel | undefined;
    try {
      channel = await open(store);
      if (this.#parts === undefined) throw new TypeError('open must open the channel on the store that it is given');
    } catch (error) {
      this.#end();
      await channel?.close();
      throw error;
    }
    this.#channel = channel;
    if (this.#isOver) {
      this.#abandonChannel();
      return;
    }
    this.#stopObserving = channel.observe(emit);
    register(channel);
    for (const tab of this.#marks?.tabs ?? []) this.#watch(tab);
    this.announce();
  }

  /** Tells the tabs that there is a leader, and its name. */
  announce(): void {
    this.#bus.post({ to: 'all', life: this.#life });
  }

  /** Brings everything to an end in order: the store has what was taken, and is let go. */
  async stop(): Promise<void> {
    await this.#channel?.close();
    this.#tell();
    this.#end();
  }

  /** Ends the connection. That can take a second, for which nobody has to wait who wants to lead. */
  async disconnect(): Promise<void> {
    await this.#parts?.transport.disconnect();
  }

  /** Lets everything go at once, as a crash does: nothing may run in this page any more. */
  abandon(): void {
    this.#stopObserving();
    this.#end();
    this.#abandoned.abort();
    this.#abandonChannel();
  }

  /** The agent has dropped the connection by then; what the channel may still want to store is refused. */
  #abandonChannel(): void {
    this.#parts?.transport.powerOff();
    void this.#channel?.close();
  }

  #end(): void {
    this.#isOver = true;
    this.#bus.close();
    for (const watch of this.#watched.values()) watch.abort();
    this.#watched.clear();
  }

  // ---- the marks

  onStored(tab: string, { first, count, lane, sequence, epoch }: MarkedRun): void {
    this.#queue(tab, { type: 'stored', first, count, lane, sequence, epoch });
  }

  onOver(tab: string, { first, last }: Run, end: MarkedEnd): void {
    this.#queue(tab, { type: 'over', first, last, end });
  }

  #queue(tab: string, news: TabNews): void {
    if (this.#news.size === 0) this.#options.port.runtime.defer(() => this.#tell());
    const list = this.#news.get(tab);
    if (list === undefined) this.#news.set(tab, [news]);
    else list.push(news);
  }

  #tell(): void {
    const all = this.#news;
    this.#news = new Map();
    if (this.#isOver) return;
    for (const [tab, news] of all) this.#bus.post({ to: 'tab', tab, news });
  }

  // ---- the tabs

  #onBus(message: BusMessage): void {
    if (this.#channel === undefined || this.#isOver) return;
    if (message.to === 'leader') this.#onTab(message.message);
    // One that was overtaken and did not know it yet. Those who have joined it have to hear of this one again.
    else if (message.to === 'all' && message.life !== this.#life) this.announce();
  }

  #onTab(message: ToLeader): void {
    if ('tab' in message && this.#gone.has(message.tab)) return;
    switch (message.type) {
      case 'who':
        this.announce();
        return;
      case 'join':
        if (message.life === this.#life) this.#onJoin(message);
        return;
      case 'hand':
        if (message.life !== this.#life) return;
        for (const each of message.messages) this.#take(message.tab, each);
        return;
      case 'known':
        for (const run of message.runs) this.#marks?.onKnown(message.tab, run);
        return;
    }
  }

  #onJoin({ tab, waiting, messages }: Extract<ToLeader, { readonly type: 'join' }>): void {
    this.#watch(tab);
    this.#marks?.tell(tab);
    for (const { first, last } of waiting) {
      for (let n = first; n <= last; n++) {
        // It is stored, so it had a mark, and that went when it was over.
        if (this.#marks?.has({ tab, n }) !== true) this.#forgotten(tab, n);
      }
    }
    for (const message of messages) {
      const origin = { tab, n: message.n };
      if (this.#marks?.has(origin) === true) continue;
      // Stored messages of a lane are stored in order: this one was given up, and nobody was told.
      if (this.#marks?.hasLater(origin, message.options?.lane ?? '') === true) this.#forgotten(tab, message.n);
      else this.#take(tab, message);
    }
  }

  #forgotten(tab: string, n: number): void {
    this.onOver(tab, { first: n, last: n }, { outcome: { status: 'forgotten' } });
  }

  #take(tab: string, { n, name, data, options }: HandedMessage): void {
    let end: HandedEnd | undefined;
    try {
      const delivery = this.#parts?.sending.sendMarked({ tab, n }, { name, data }, options);
      if (delivery?.id === undefined && delivery?.outcome !== undefined) end = { outcome: delivery.outcome };
    } catch (error) {
      const { code, message } = error as HoldfastError;
      // The next leader takes it.
      if (code === 'CHANNEL_CLOSED') return;
      end = { outcome: { status: 'cancelled', reason: message, attempts: 0 }, code };
    }
    if (end !== undefined) this.#queue(tab, { type: 'over', first: n, last: n, end });
  }

  /** A tab's lock can be had when the tab is gone. */
  #watch(tab: string): void {
    if (this.#watched.has(tab)) return;
    const watch = new AbortController();
    this.#watched.set(tab, watch);
    const onGone = async (): Promise<void> => {
      this.#watched.delete(tab);
      this.#gone.add(tab);
      for (const first of this.#gone) if (this.#gone.size > GONE_TABS_MAX) this.#gone.delete(first);
      this.#marks?.forget(tab);
    };
    const lock = tabLock(this.#options.name, tab);
    // When it can not be watched its marks stay until the next leader looks. That one can be watching already.
    this.#options.port.locks.request(lock, { signal: watch.signal, mode: 'shared' }, onGone).catch(() => {});
  }
}
