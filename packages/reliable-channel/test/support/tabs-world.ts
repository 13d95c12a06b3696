// Several tabs of one browser in virtual time: their locks, their bus, their store, and a small agent. A tab can be ended in the
// middle of anything, as a crash does: nothing of it runs any more, and its locks are free.

import type { Runtime } from '@holdfast/protocol';
import { createTransport } from '@holdfast/transport';
import {
  HoldfastError,
  openReliableChannel,
  type ReliableChannelOptions,
  type Store,
  type StoreFactory,
  type StoreOperation,
} from '../../src/index.js';
import type { StoreSharing } from '../../src/stores/idb-owner.js';
import { memoryStore } from '../../src/stores/memory.js';
import type { BusMessage } from '../../src/tabs/bus-message.js';
import { openSharedChannelIn } from '../../src/tabs/open-shared-channel.js';
import type { SharedChannel } from '../../src/tabs/shared-channel.js';
import type { Bus, PageEvents, TabLockOptions, TabLocks, TabPort } from '../../src/tabs/tab-port.js';
import { ChannelRig } from './channel-rig.js';

/** How long a commit takes, the opening of the store, and until a tab learns that it has a lock, in milliseconds. */
const COMMIT_MS = 2;
const OPEN_MS = 2;
const GRANT_MS = 1;

/** What never comes. */
const never = <Value>(): Promise<Value> => new Promise(() => {});

interface Request {
  readonly tab: WorldTab;
  readonly isShared: boolean;
  readonly hold: () => Promise<void>;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
  isHeld: boolean;
  isGivenUp: boolean;
}

/** How the channel of a tab is opened. */
export interface WorldTabOptions extends Partial<ReliableChannelOptions> {
  readonly openError?: Error;
  /** How long the program takes before it opens the channel. */
  readonly openAfterMs?: number;
  readonly openWith?: () => ReturnType<typeof openReliableChannel>;
}

/** A browser with an agent at the other end. */
export class TabsWorld {
  readonly rig = new ChannelRig();
  readonly tabs: WorldTab[] = [];
  readonly locks = new Map<string, Request[]>();
  readonly buses: { readonly name: string; readonly tab: WorldTab; hear(message: BusMessage): void }[] = [];
  readonly store: StoreFactory = memoryStore();
  /** Those who have it open or are about to, and whose it is. */
  readonly sharers = new Set<object>();
  owner: object | undefined;
  #inner: Promise<Store> | undefined;
  #closing: Promise<void> = Promise.resolve();
  /** How long a message takes between tabs, in milliseconds. */
  busMs = 1;
  /** Called when a tab takes a lock away. */
  onSteal: ((tab: WorldTab) => void) | undefined;
  /** Called when a tab is in the middle of opening the store. */
  onStoreOpening: ((tab: WorldTab) => void) | undefined;
  /** Called with what a tab commits, before the store has it and after. */
  beforeCommit: ((tab: WorldTab, operations: readonly StoreOperation[]) => void) | undefined;
  afterCommit: ((tab: WorldTab, operations: readonly StoreOperation[]) => void) | undefined;

  /** Opens a tab, and the shared channel in it. */
  async open({ openError, openWith, openAfterMs = 0, ...options }: WorldTabOptions = {}): Promise<WorldTab> {
    const tab = new WorldTab(this, options);
    tab.openError = openError;
    tab.openWith = openWith;
    tab.openAfterMs = openAfterMs;
    this.tabs.push(tab);
    const opening = openSharedChannelIn(tab, { name: 'outbox', open: (store) => tab.openChannel(store) });
    void opening.then((channel) => {
      tab.channel = channel;
    });
    await this.rig.until(() => tab.channel !== undefined);
    return tab;
  }

  /** Opens so many tabs; the first one leads. */
  async openAll(count: number): Promise<WorldTab[]> {
    const tabs: WorldTab[] = [];
    for (let index = 0; index < count; index++) tabs.push(await this.open());
    await this.rig.until(() => tabs[0]?.channel.isLeader === true);
    return tabs;
  }

  /** The tab that leads. */
  get leader(): WorldTab | undefined {
    return this.tabs.find(({ channel, isDead }) => !isDead && channel?.isLeader);
  }

  /** Keys of the store. */
  async keys(from: string, to: string): Promise<string[]> {
    const reader = {};
    const store = await this.share(reader);
    const entries = await store.read({ from, to, maxBytes: 100_000_000 });
    await this.unshare(reader);
    return entries.map(({ key }) => key);
  }

  /** The store for one more of those who share it. */
  share(sharer: object): Promise<Store> {
    this.sharers.add(sharer);
    this.#inner ??= this.#closing.then(() => this.store.open());
    return this.#inner;
  }

  /** One of them lets it go. */
  unshare(sharer: object): Promise<void> {
    if (!this.sharers.delete(sharer) || this.sharers.size > 0) return Promise.resolve();
    const inner = this.#inner;
    this.#inner = undefined;
    this.#closing = this.#closing.then(async () => (await inner)?.close());
    return this.#closing;
  }

  /** Data of this site is cleared: whose the store was, it is not any more. */
  clearOwner(): void {
    this.owner = undefined;
  }

  /** Gives a lock to who is next. */
  grant(name: string): void {
    const queue = this.locks.get(name) ?? [];
    for (const [index, next] of queue.entries()) {
      if (index > 0 && !(next.isShared && queue[index - 1]?.isShared)) return;
      if (next.isHeld) continue;
      next.isHeld = true;
      const release = (): void => this.leaveQueue(name, next);
      // A page that stands still does not give back what it had given up in this moment.
      next.tab.runtime.setTimer(GRANT_MS, () => {
        if (next.isGivenUp) release();
        else void next.hold().then(next.resolve, next.reject).then(release);
      });
    }
  }

  leaveQueue(name: string, request: Request): void {
    const queue = this.locks.get(name) ?? [];
    // The lock of a tab that is gone was given away, as one that was stolen.
    if (queue.includes(request)) queue.splice(queue.indexOf(request), 1);
    this.grant(name);
  }
}

/** One tab. */
export class WorldTab implements TabPort {
  readonly runtime: Runtime;
  readonly locks: TabLocks;
  channel!: SharedChannel;
  isDead = false;
  /** It stands still, or will after what it does at once. */
  isStill = false;
  /** What others say while it stands still is lost. */
  isDeaf = false;
  /** What it says is not heard any more. */
  isMute = false;
  /** What `openChannel` fails with. */
  openError: Error | undefined;
  /** What `openChannel` does instead. */
  openWith: (() => ReturnType<typeof openReliableChannel>) | undefined;
  openAfterMs = 0;
  readonly #world: TabsWorld;
  readonly #options: Partial<ReliableChannelOptions>;
  readonly #pageEvents = new Set<PageEvents>();
  #isFrozen = false;
  #freezing: unknown;
  /** What waits for a frozen page to go on. */
  #held: (() => void)[] = [];
  /** This tab's opening of the store. */
  #sharer: object = {};

  constructor(world: TabsWorld, options: Partial<ReliableChannelOptions>) {
    this.#world = world;
    this.#options = options;
    const { runtime } = world.rig;
    this.runtime = {
      nowMs: () => runtime.nowMs(),
      wallClockMs: () => runtime.wallClockMs(),
      randomUint32: runtime.randomUint32,
      clearTimer: (timer) => runtime.clearTimer(timer),
      setTimer: (delayMs, callback) => runtime.setTimer(delayMs, () => this.#run(callback)),
      defer: (callback) => runtime.defer(() => this.#run(callback)),
    };
    this.locks = { request: (...args) => this.#request(...args) };
  }

  async openChannel(store: StoreFactory): ReturnType<typeof openReliableChannel> {
    if (this.openAfterMs > 0) await new Promise<void>((resolve) => this.runtime.setTimer(this.openAfterMs, resolve));
    if (this.openWith !== undefined) return this.openWith();
    if (this.openError !== undefined) throw this.openError;
    const link = this.#world.rig.network.link();
    const transport = createTransport({
      deviceId: 'press-7',
      link,
      runtime: this.runtime,
      reconnectBackoff: { minMs: 10, maxMs: 100 },
    });
    return openReliableChannel({ transport, store, ...this.#options });
  }

  openBus(name: string, onMessage: (message: BusMessage) => void): Bus {
    const { buses, rig } = this.#world;
    const bus = { name, tab: this, hear: (message: BusMessage) => onMessage(message) };
    buses.push(bus);
    return {
      post: (message) => {
        if (this.isDead || this.isMute) return;
        const others = buses.filter((each) => each !== bus && each.name === name);
        const copy = structuredClone(message);
        rig.runtime.setTimer(this.#world.busMs, () => {
          for (const each of others) {
            if (each.tab.isDeaf && each.tab.#isFrozen) continue;
            each.tab.#run(() => void (buses.includes(each) && each.hear(structuredClone(copy))));
          }
        });
      },
      close: () => {
        if (buses.includes(bus)) buses.splice(buses.indexOf(bus), 1);
      },
    };
  }

  async openStore(_name: string, { abandoned, onLost }: StoreSharing): Promise<Store> {
    const world = this.#world;
    abandoned.throwIfAborted();
    const sharer = {};
    this.#sharer = sharer;
    const inner = await world.share(sharer);
    abandoned.addEventListener('abort', () => void world.unshare(sharer));
    world.onStoreOpening?.(this);
    await new Promise<void>((resolve) => this.runtime.setTimer(OPEN_MS, resolve));
    abandoned.throwIfAborted();
    world.owner = sharer;
    const checkOwner = (): void => {
      if (this.isDead || (!abandoned.aborted && world.owner === sharer)) return;
      if (!abandoned.aborted) onLost();
      throw new HoldfastError('STORE_FAILED', "the store is not this tab's any more");
    };
    /** The tab does not learn of anything any more when it is dead. */
    const unlessDead = async <Value>(work: () => Promise<Value>): Promise<Value> => {
      try {
        checkOwner();
        const value = await work();
        return this.isDead ? never() : value;
      } catch (error) {
        return this.isDead ? never() : Promise.reject(error);
      }
    };
    return {
      isDurable: true,
      get: (key) => unlessDead(() => inner.get(key)),
      read: (range) => unlessDead(() => inner.read(range)),
      commit: async (operations) => {
        await new Promise<void>((resolve) => this.runtime.setTimer(COMMIT_MS, resolve));
        checkOwner();
        world.beforeCommit?.(this, operations);
        if (this.isDead) return never();
        await inner.commit(operations);
        world.afterCommit?.(this, operations);
        return this.isDead ? never() : undefined;
      },
      close: () => world.unshare(sharer),
    };
  }

  watchPage(events: PageEvents): () => void {
    this.#pageEvents.add(events);
    return () => void this.#pageEvents.delete(events);
  }

  /** Ends the tab in the middle of what it does. */
  kill(): void {
    this.isDead = true;
    const { locks, rig } = this.#world;
    void this.#world.unshare(this.#sharer);
    for (const [name, queue] of locks) {
      locks.set(
        name,
        queue.filter(({ tab }) => tab !== this),
      );
      this.#world.grant(name);
    }
    rig.network.cut();
  }

  /** The page stands still: after what it does at once nothing of it runs. */
  freeze(): void {
    this.isStill = true;
    for (const { freeze } of this.#pageEvents) freeze();
    // Reactions of promises are part of what it does at once.
    this.#freezing = this.#world.rig.runtime.setTimer(0, () => {
      this.#isFrozen = true;
    });
  }

  /** The system stops the page, and tells it nothing. */
  hang(): void {
    this.isStill = true;
    this.#isFrozen = true;
  }

  /** It runs again after `hang`. */
  wake(): void {
    this.isStill = false;
    this.#isFrozen = false;
    for (const callback of this.#held.splice(0)) this.#run(callback);
  }

  resume(): void {
    this.#world.rig.runtime.clearTimer(this.#freezing);
    this.#isFrozen = false;
    for (const { resume } of this.#pageEvents) resume();
    this.wake();
  }

  /** What a page was told while it was kept for the way back is lost. */
  dropHeld(): void {
    this.#held = [];
  }

  #run(callback: () => void): void {
    if (this.isDead) return;
    if (this.#isFrozen) this.#held.push(callback);
    else callback();
  }

  #request(name: string, options: TabLockOptions, hold: () => Promise<void>): Promise<void> {
    const { signal, mode, steal = false } = options;
    const { locks } = this.#world;
    return new Promise((resolve, reject) => {
      const isShared = mode === 'shared';
      const request: Request = { tab: this, isShared, hold, resolve, reject, isHeld: false, isGivenUp: false };
      signal?.addEventListener('abort', () => {
        request.isGivenUp = true;
        reject(signal.reason);
        if (!request.isHeld) this.#world.leaveQueue(name, request);
      });
      const queue = locks.get(name) ?? [];
      const stolen = steal ? queue.filter(({ isHeld }) => isHeld) : [];
      const waiting = queue.filter((each) => !stolen.includes(each));
      locks.set(name, steal ? [request, ...waiting] : [...waiting, request]);
      for (const each of stolen) each.tab.runtime.setTimer(GRANT_MS, () => each.reject(new Error('stolen')));
      this.#world.grant(name);
      if (steal) this.#world.onSteal?.(this);
    });
  }
}
