// One run of the kill test: a device and an agent in processes of their own, both killed at random moments and started
// again, until everything has arrived. What happened lies in the files that the two programs wrote; kill-files.ts reads
// and judges them.

import { mkdtempSync, rmSync } from 'node:fs';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { pick, randomInteger, seededRandom } from '@holdfast/simulator';
import { type ChaosProxy, startChaosProxy } from '@holdfast/simulator/chaos-proxy';
import { Child } from '../support/child.js';

/** What the two programs say. */
type DeviceSays = { readonly type: 'stored'; readonly last: number } | { readonly type: 'drained' };
type AgentSays = { readonly type: 'listening'; readonly port: number };

/** What a run does. */
export interface KillRunOptions {
  readonly seed: number;
  /** The programs. */
  readonly device: URL;
  readonly agent: URL;
  /** Messages to store. */
  readonly total: number;
  /** Moments at which one end, or both, are killed. */
  readonly kills: number;
  /** Called when an agent is gone and the next one has not begun. */
  onAgentGone(folder: string): void;
}

/** A run of the kill test. */
export class KillRun {
  readonly folder = mkdtempSync(join(tmpdir(), 'holdfast-kill-'));
  readonly #options: KillRunOptions;
  readonly #random: () => number;
  /** Takes dialers while no agent runs, so that none of them ever meets a stranger on a port that was reused. */
  readonly #deadEnd: Server = createServer((socket) => socket.destroy());
  #proxy!: ChaosProxy;
  #device!: Child<DeviceSays>;
  #agent!: Child<AgentSays>;
  /** How far the device may go for now. */
  #goal = 0;
  #storedUpTo = 0;
  #deviceLife = 0;
  #agentLife = 0;
  #killCount = 0;

  constructor(options: KillRunOptions) {
    this.#options = options;
    this.#random = seededRandom(options.seed);
  }

  /** Processes killed so far. */
  get killCount(): number {
    return this.#killCount;
  }

  /** Runs to the end: everything is stored, handled and acknowledged, and both programs have ended. */
  async run(): Promise<void> {
    await new Promise<void>((resolve) => this.#deadEnd.listen(0, '127.0.0.1', resolve));
    this.#proxy = await startChaosProxy({ target: this.#deadEndTarget() });
    const { kills, total } = this.#options;
    // A kill comes when so many messages are stored, while the device goes a little further.
    const marks = Array.from({ length: kills }, () => this.#draw(1, total - 1)).sort((a, b) => a - b);
    const goals = [...marks.map((mark) => Math.min(total - 1, mark + this.#draw(0, 500))), total];
    this.#goal = goals[0] as number;
    this.#startAgent();
    await this.#whenListening();
    this.#startDevice();
    for (const [index, mark] of marks.entries()) {
      await this.#whenStored(mark);
      await sleep(this.#draw(0, 20));
      this.#goal = Math.max(this.#goal, goals[index + 1] as number);
      await this.#killAndStart(pick(this.#random, ['device', 'agent', 'both']));
    }
    await this.#device.next((said) => said.type === 'drained');
    await this.#device.finished();
    this.#agent.send({ type: 'close' });
    await this.#agent.finished();
  }

  /** Ends whatever is left. */
  async dispose(): Promise<void> {
    await this.#device?.dispose();
    await this.#agent?.dispose();
    await this.#proxy?.close();
    this.#deadEnd.close();
    rmSync(this.folder, { recursive: true });
  }

  async #killAndStart(victims: 'device' | 'agent' | 'both'): Promise<void> {
    const isDevice = victims !== 'agent';
    const isAgent = victims !== 'device';
    await Promise.all([isDevice && this.#killDevice(), isAgent && this.#killAgent()]);
    if (isAgent) this.#startAgent();
    if (isDevice) this.#startDevice();
    // One time in three it strikes again while they start, read their stores, and take up their work.
    if (this.#draw(1, 3) === 1) {
      await sleep(this.#draw(50, 250));
      if (isAgent) {
        await this.#killAgent();
        this.#startAgent();
      }
      if (isDevice) {
        await this.#killDevice();
        this.#startDevice();
      }
    }
    if (!isDevice) this.#device.send({ upTo: this.#goal });
    if (isAgent) await this.#whenListening();
  }

  async #killDevice(): Promise<void> {
    await this.#device.kill();
    this.#killCount += 1;
  }

  async #killAgent(): Promise<void> {
    this.#proxy.retarget(this.#deadEndTarget());
    await this.#agent.kill();
    this.#killCount += 1;
    this.#options.onAgentGone(this.folder);
  }

  #startAgent(): void {
    this.#agentLife += 1;
    this.#agent = new Child(this.#options.agent, { folder: this.folder, token: this.#token(), life: this.#agentLife });
  }

  async #whenListening(): Promise<void> {
    const { port } = await this.#agent.next(() => true);
    this.#proxy.retarget({ host: '127.0.0.1', port });
  }

  async #whenStored(mark: number): Promise<void> {
    while (this.#storedUpTo < mark) {
      const said = await this.#device.next((message) => message.type === 'stored');
      if (said.type === 'stored') this.#storedUpTo = said.last;
    }
  }

  #startDevice(): void {
    this.#deviceLife += 1;
    const { total } = this.#options;
    const settings = {
      folder: this.folder,
      port: this.#proxy.port,
      token: this.#token(),
      total,
      upTo: this.#goal,
      life: this.#deviceLife,
    };
    this.#device = new Child(this.#options.device, settings);
  }

  #token(): string {
    return `run ${this.#options.seed}`;
  }

  #deadEndTarget(): { host: string; port: number } {
    return { host: '127.0.0.1', port: (this.#deadEnd.address() as AddressInfo).port };
  }

  #draw(min: number, max: number): number {
    return randomInteger(this.#random, { min, max });
  }
}
