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
import type { AbandonableStore } from '../../src/stores/idb.js';
import { memoryStore } from '../../src/stores/memory.js';
import type { BusMessage } from '../../src/tabs/bus-message.js';
import { openSharedChannelIn } from '../../src/tabs/open-shared-channel.js';
import type { SharedChannel } from '../../src/tabs/shared-channel.js';
import type { Bus, PageEvents, TabLocks, TabPort } from '../../src/tabs/tab-port.js';
import { ChannelRig } from './channel-rig.js';

/** How long a commit takes, in milliseconds. */
const COMMIT_MS = 2;

/** What never comes. */
const never = <Value>(): Promise<Value> => new Promise(() => {});

interface Request {
  readonly tab: WorldTab;
  readonly hold: () => Promise<void>;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
  isHeld: boolean;
}

/** How the channel of a tab is opened. */
export interface WorldTabOptions extends Partial<ReliableChannelOptions> {
  readonly openError?: Error;
  readonly openWith?: () => ReturnType<typeof openReliableChannel>;
}

/** A browser with an agent at the other end. */
export class TabsWorld {
  readonly rig = new ChannelRig();
  readonly tabs: WorldTab[] = [];
  readonly locks = new Map<string, Request[]>();
  readonly buses: { readonly name: string; readonly tab: WorldTab; hear(message: BusMessage): void }[] = [];
  readonly store: StoreFactory = memoryStore();
  /** How long a message takes between tabs, in milliseconds. */
  busMs = 1;
  /** Called with what a tab commits, before the store has it and after. */
  beforeCommit: ((tab: WorldTab, operations: readonly StoreOperation[]) => void) | undefined;
  afterCommit: ((tab: WorldTab, operations: readonly StoreOperation[]) => void) | undefined;

  /** Opens a tab, and the shared channel in it. */
  async open({ openError, openWith, ...options }: WorldTabOptions = {}): Promise<WorldTab> {
    const tab = new WorldTab(this, options);
    tab.openError = openError;
    tab.openWith = openWith;
    this.tabs.push(tab);
    tab.channel = await openSharedChannelIn(tab, { name: 'outbox', open: (store) => tab.openChannel(store) });
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

  /** Keys of the store, once nobody has it open. */
  async keys(from: string, to: string): Promise<string[]> {
    const store = await this.store.open();
    const entries = await store.read({ from, to, maxBytes: 100_000_000 });
    await store.close();
    return entries.map(({ key }) => key);
  }

  /** Gives a lock to who is next. */
  grant(name: string): void {
    const [next] = this.locks.get(name) ?? [];
    if (next === undefined || next.isHeld) return;
    next.isHeld = true;
    const release = (): void => {
      const queue = this.locks.get(name) ?? [];
      // The lock of a tab that is gone was given away.
      if (queue[0] !== next) return;
      queue.shift();
      next.resolve();
      this.grant(name);
    };
    next.tab.runtime.defer(() => void next.hold().then(release, release));
  }
}

/** One tab. */
export class WorldTab implements TabPort {
  readonly runtime: Runtime;
  readonly locks: TabLocks;
  channel!: SharedChannel;
  isDead = false;
  /** What it says is not heard any more. */
  isMute = false;
  /** What `openChannel` fails with. */
  openError: Error | undefined;
  /** What `openChannel` does instead. */
  openWith: (() => ReturnType<typeof openReliableChannel>) | undefined;
  readonly #world: TabsWorld;
  readonly #options: Partial<ReliableChannelOptions>;
  readonly #pageEvents = new Set<PageEvents>();
  #isFrozen = false;
  #freezing: unknown;
  /** What waits for a frozen page to go on. */
  #held: (() => void)[] = [];
  #store: Store | undefined;

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

  openChannel(store: StoreFactory): ReturnType<typeof openReliableChannel> {
    if (this.openWith !== undefined) return this.openWith();
    if (this.openError !== undefined) return Promise.reject(this.openError);
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
          for (const each of others)
            each.tab.#run(() => void (buses.includes(each) && each.hear(structuredClone(copy))));
        });
      },
      close: () => {
        if (buses.includes(bus)) buses.splice(buses.indexOf(bus), 1);
      },
    };
  }

  async openStore(): Promise<AbandonableStore> {
    const world = this.#world;
    const inner = await world.store.open();
    if (this.isDead) {
      await inner.close();
      return never();
    }
    this.#store = inner;
    /** The tab does not learn of anything any more. */
    const unlessDead = async <Value>(work: Promise<Value>): Promise<Value> => {
      try {
        const value = await work;
        return this.isDead ? never() : value;
      } catch (error) {
        return this.isDead ? never() : Promise.reject(error);
      }
    };
    let isAbandoned = false;
    return {
      isDurable: true,
      get: (key) => unlessDead(inner.get(key)),
      read: (range) => unlessDead(inner.read(range)),
      commit: async (operations) => {
        await new Promise<void>((resolve) => world.rig.runtime.setTimer(COMMIT_MS, resolve));
        if (isAbandoned) throw new HoldfastError('STORE_FAILED', 'the store was let go');
        if (!this.isDead) world.beforeCommit?.(this, operations);
        if (this.isDead) return never();
        await inner.commit(operations);
        world.afterCommit?.(this, operations);
        return this.isDead ? never() : undefined;
      },
      close: () => unlessDead(inner.close()),
      abandon: () => {
        isAbandoned = true;
        void inner.close();
      },
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
    void this.#store?.close();
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
    for (const { freeze } of this.#pageEvents) freeze();
    // Reactions of promises are part of what it does at once.
    this.#freezing = this.#world.rig.runtime.setTimer(0, () => {
      this.#isFrozen = true;
    });
  }

  resume(): void {
    this.#world.rig.runtime.clearTimer(this.#freezing);
    this.#isFrozen = false;
    for (const { resume } of this.#pageEvents) resume();
    for (const callback of this.#held.splice(0)) this.#run(callback);
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

  #request(name: string, { signal }: { readonly signal?: AbortSignal }, hold: () => Promise<void>): Promise<void> {
    const { locks } = this.#world;
    return new Promise((resolve, reject) => {
      const request: Request = { tab: this, hold, resolve, reject, isHeld: false };
      signal?.addEventListener('abort', () => {
        if (request.isHeld) return;
        locks.set(
          name,
          (locks.get(name) ?? []).filter((each) => each !== request),
        );
        reject(signal.reason);
      });
      locks.set(name, [...(locks.get(name) ?? []), request]);
      this.#world.grant(name);
    });
  }
}
