// What every test here has: a device and an agent in processes of their own, each with an LMDB store on disk, and between
// them real TCP through a proxy that breaks it. What the agent's handler did is read from the file that it wrote.

import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { AgentOptions } from '@holdfast/agent';
import type { ChannelStats, ReliableChannelOptions, SendOptions } from '@holdfast/reliable-channel';
import { type ChaosProxy, startChaosProxy } from '@holdfast/simulator/chaos-proxy';
import type { TransportOptions } from '@holdfast/transport';
import { onTestFinished } from 'vitest';
import { Child } from '../support/child.js';

/** What the device says by itself. */
type DeviceSays =
  | { readonly type: 'ready' | 'sent' | 'producedAll' | 'drained' | 'settled' | 'closed' }
  | { readonly type: 'link'; readonly connected: number; readonly disconnected: number; readonly connectFailed: number }
  | DeviceReport;

/** Where the device stands. */
interface DeviceReport {
  readonly type: 'report';
  readonly stats: ChannelStats;
  /** The numbers of the watched messages, by how they ended. */
  readonly endings: Readonly<Record<string, readonly number[]>>;
  /** The numbers whose `stored` was refused. */
  readonly notStored: readonly number[];
  /** Memory of the process itself, after a collection of garbage. */
  readonly memoryBytes: number;
}

/** The same with lists of numbers written as runs. */
export interface Report extends Omit<DeviceReport, 'endings' | 'notStored'> {
  readonly endings: Readonly<Record<string, string>>;
  readonly notStored: string;
}

type AgentSays =
  | { readonly type: 'listening'; readonly port: number }
  | { readonly type: 'called'; readonly number: number };

/** What can be set on the device of a test. */
export interface DeviceSettings {
  /** How far the wall clock of the process runs ahead; negative: behind. */
  readonly wallClockAheadMs?: number;
  readonly transport?: Omit<Partial<TransportOptions>, 'link' | 'runtime'>;
  readonly channel?: Omit<Partial<ReliableChannelOptions>, 'store' | 'transport'>;
}

/** What can be set on the agent of a test. */
export interface AgentSettings {
  /** How long the handler works on a message. */
  readonly workMs?: number;
  /** Whether handlers do not come to an end until `release`. */
  readonly isHeld?: boolean;
  /** How far the clocks of the process run ahead. */
  readonly clockAheadMs?: number;
  readonly agent?: Omit<Partial<AgentOptions>, 'store' | 'listeners' | 'runtime' | 'authenticate'>;
}

/** What the device is told to send. */
export interface Sends {
  readonly first: number;
  readonly count: number;
  /** Of the text in each message. */
  readonly bytes?: number;
  readonly burst?: number;
  /** Whether the device waits for the end of each message to tell it; off where there are very many. */
  readonly isWatched?: boolean;
  readonly options?: SendOptions;
}

/** What the device can be told to do. */
type Command =
  | { readonly type: 'drain' | 'settle' | 'report' | 'close' }
  | ({ readonly type: 'send' | 'produce' } & Sends);

const DEVICE = new URL('processes/device.mjs', import.meta.url);
const AGENT = new URL('processes/agent.mjs', import.meta.url);

/** Quick to notice a dead link, quick to come back. */
const TRANSPORT = {
  reconnectBackoff: { minMs: 10, maxMs: 100 },
  handshakeTimeoutMs: 1_000,
  keepaliveIdleMs: 5_000,
  keepaliveTimeoutMs: 5_000,
};
const CHANNEL = { retryBackoff: { minMs: 10, maxMs: 100 } };

/** Numbers as they follow each other, written as runs: 1, 2, 3, 2, 7 is `1-3 2 7`. Nothing is sorted and nothing left out. */
export function runsOf(numbers: readonly number[]): string {
  const runs: { first: number; last: number }[] = [];
  for (const number of numbers) {
    const run = runs.at(-1);
    if (run?.last === number - 1) run.last = number;
    else runs.push({ first: number, last: number });
  }
  return runs.map(({ first, last }) => (first === last ? `${first}` : `${first}-${last}`)).join(' ');
}

/** A device, an agent, and the network between them. */
export class Setting {
  readonly folder = mkdtempSync(join(tmpdir(), 'holdfast-peers-'));
  readonly #deadEnd = createServer((socket) => socket.destroy());
  #proxy!: ChaosProxy;
  #device: Child<DeviceSays> | undefined;
  #agent: Child<AgentSays> | undefined;

  /** Sets up the network; it ends with the test. Nobody listens at its other end yet: dialers are cut off. */
  static async create(): Promise<Setting> {
    const setting = new Setting();
    onTestFinished(() => setting.#dispose());
    await new Promise<void>((resolve) => setting.#deadEnd.listen(0, '127.0.0.1', resolve));
    setting.#proxy = await startChaosProxy({ target: setting.#deadEndTarget() });
    return setting;
  }

  get proxy(): ChaosProxy {
    return this.#proxy;
  }

  // ---- the agent

  async startAgent(settings: AgentSettings = {}): Promise<void> {
    const { folder } = this;
    this.#agent = new Child(AGENT, { folder, ...settings });
    const said = await this.#agent.next(({ type }) => type === 'listening');
    if (said.type === 'listening') this.#proxy.retarget({ host: '127.0.0.1', port: said.port });
  }

  /** An orderly end: what is being handled is handled to its end. */
  async stopAgent(): Promise<void> {
    this.#proxy.retarget(this.#deadEndTarget());
    this.#agent?.send({ type: 'close' });
    await this.#agent?.finished();
  }

  async killAgent(): Promise<void> {
    this.#proxy.retarget(this.#deadEndTarget());
    await this.#agent?.kill();
  }

  /** Resolves when the handler has been called for a message and works on it. */
  async called(number: number): Promise<void> {
    await this.#agent?.next((said) => said.type === 'called' && said.number === number);
  }

  /** Lets held handlers come to their end. */
  release(): void {
    this.#agent?.send({ type: 'release' });
  }

  /** Every call of the handler, as runs of numbers, over all lives of the agent. */
  get calls(): string {
    return runsOf(this.#logged('called').map(({ number }) => number));
  }

  /** Everything that the handler did, as runs of numbers, over all lives of the agent. */
  get handled(): string {
    return runsOf(this.#logged('done').map(({ number }) => number));
  }

  get handledCount(): number {
    return this.#logged('done').length;
  }

  /** How many messages the handled ones are by `message.id`. */
  get handledIdCount(): number {
    return new Set(this.#logged('done').map(({ id }) => id)).size;
  }

  // ---- the device

  async startDevice({ transport, channel, ...settings }: DeviceSettings = {}): Promise<void> {
    this.#device = new Child(DEVICE, {
      folder: this.outboxFolder,
      port: this.#proxy.port,
      ...settings,
      transport: { ...TRANSPORT, ...transport },
      channel: { ...CHANNEL, ...channel },
    });
    await this.#device.next(({ type }) => type === 'ready');
  }

  get outboxFolder(): string {
    return join(this.folder, 'outbox');
  }

  async killDevice(): Promise<void> {
    await this.#device?.kill();
  }

  /** Resolves when the device has sent everything and its store has it, as far as the channel took it. */
  async send(sends: Sends): Promise<void> {
    this.begin({ type: 'send', ...sends });
    await this.said('sent');
  }

  /** Tells the device to do something, without waiting for it. */
  begin(command: Command): void {
    this.#device?.send(command);
  }

  /** Resolves with the next thing of this type that the device says; what it said before that is dropped. */
  async said<Type extends DeviceSays['type']>(
    type: Type,
    isWanted: (said: Extract<DeviceSays, { type: Type }>) => boolean = () => true,
  ): Promise<Extract<DeviceSays, { type: Type }>> {
    const said = await this.#device?.next((message) => message.type === type && isWanted(message as never));
    return said as Extract<DeviceSays, { type: Type }>;
  }

  /** Resolves when the outbox is empty. */
  async drain(): Promise<void> {
    this.begin({ type: 'drain' });
    await this.said('drained');
  }

  /** Resolves when every watched message has ended. */
  async settle(): Promise<void> {
    this.begin({ type: 'settle' });
    await this.said('settled');
  }

  async report(): Promise<Report> {
    this.begin({ type: 'report' });
    const { endings, notStored, ...rest } = await this.said('report');
    const runs = Object.entries(endings).map(([ending, numbers]) => [ending, runsOf(numbers)]);
    return { ...rest, endings: Object.fromEntries(runs), notStored: runsOf(notStored) };
  }

  /** An orderly end of the device. */
  async closeDevice(): Promise<void> {
    this.begin({ type: 'close' });
    await this.said('closed');
    await this.#device?.finished();
  }

  // ----

  #logged(what: 'called' | 'done'): { readonly number: number; readonly id: string }[] {
    const file = join(this.folder, 'agent-log');
    const lines = existsSync(file) ? readFileSync(file, 'utf8').split('\n').slice(0, -1) : [];
    return lines.flatMap((line) => {
      const [kind, number, id = ''] = line.split(' ');
      return kind === what ? [{ number: Number(number), id }] : [];
    });
  }

  #deadEndTarget(): { host: string; port: number } {
    return { host: '127.0.0.1', port: (this.#deadEnd.address() as AddressInfo).port };
  }

  async #dispose(): Promise<void> {
    await this.#device?.dispose();
    await this.#agent?.dispose();
    await this.#proxy?.close();
    this.#deadEnd.close();
    rmSync(this.folder, { recursive: true });
  }
}
