// One way through the storm: its device, its network and its agent as processes of their own, and the faults as they come.

import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Child } from './child.js';
import type {
  AgentSettings,
  DeviceSettings,
  FromAgent,
  FromDevice,
  FromNetwork,
  NetworkSettings,
  ToAgent,
  ToNetwork,
} from './process-messages.js';
import type { Fault } from './storm.js';
import type { WayName } from './way.js';

/** How long a message takes an overloaded agent, in milliseconds. */
const OVERLOADED_HANDLER_MS = 40;
/** An agent that has got nothing for so long, and has nothing waiting, has got everything that still comes. */
const QUIET_MS = 700;
/** Nothing here should take so long; better an error than a demo that hangs. */
const GIVE_UP_MS = 90_000;

/** What a run is made of. */
export interface WayRunOptions {
  readonly way: WayName;
  readonly csv: string;
  /** A folder for this run alone. */
  readonly folder: string;
  readonly storm: readonly Fault[];
  readonly streamMs: number;
}

/** How far a way has come. */
export interface WayProgress {
  readonly accepted: number;
  readonly delivered: number;
  readonly isDone: boolean;
}

/** Runs one way. */
export class WayRun {
  readonly way: WayName;
  readonly #options: WayRunOptions;
  readonly #failed: Promise<never>;
  #fail!: (error: Error) => void;
  readonly #killed = new AbortController();
  #agent: Child<ToAgent, FromAgent> | undefined;
  #network: Child<ToNetwork, FromNetwork> | undefined;
  #device: Child<never, FromDevice> | undefined;
  #networkPort = 0;
  #startedAtMs = 0;
  #accepted = 0;
  #delivered = 0;
  #queued = 0;
  #isDone = false;
  #onDeviceDone: () => void = () => {};

  constructor(options: WayRunOptions) {
    this.way = options.way;
    this.#options = options;
    this.#failed = new Promise((_, reject) => {
      this.#fail = reject;
    });
    // It is raced against wherever something is awaited; by itself it must not count as unhandled.
    this.#failed.catch(() => {});
  }

  /** The file that the agent's handler writes. */
  get deliveredFile(): string {
    return join(this.#options.folder, 'delivered.jsonl');
  }

  get progress(): WayProgress {
    return { accepted: this.#accepted, delivered: this.#delivered, isDone: this.#isDone };
  }

  /** Starts agent and network. */
  async start(): Promise<void> {
    const targetPort = await this.#startAgent();
    const settings: NetworkSettings = { targetPort };
    this.#networkPort = await new Promise<number>((resolve, reject) => {
      this.#network = new Child('#demo-network', settings, ({ port }: FromNetwork) => resolve(port), reject);
    });
  }

  /** Sends the stream through the storm. Resolves with the number of accepted readings when all that comes has come. */
  async run(startedAtMs: number): Promise<number> {
    this.#startedAtMs = startedAtMs;
    const deviceDone = new Promise<void>((resolve) => {
      this.#onDeviceDone = resolve;
    });
    this.#startDevice();
    await this.#orGiveUp(Promise.all([deviceDone, this.#runStorm()]));
    await this.#orGiveUp(this.#untilQuiet());
    this.#agent?.tell({ type: 'finish' });
    await this.#orGiveUp(Promise.all([this.#agent?.finished(), this.#device?.finished()]));
    await this.#network?.kill();
    this.#isDone = true;
    return this.#accepted;
  }

  /** Ends every process of this way, and the storm with them. */
  async kill(): Promise<void> {
    this.#killed.abort();
    await Promise.all([this.#device?.kill(), this.#network?.kill(), this.#agent?.kill()]);
  }

  #startAgent(): Promise<number> {
    const { folder } = this.#options;
    const settings: AgentSettings = { file: this.deliveredFile, inbox: join(folder, 'inbox') };
    return new Promise((resolve, reject) => {
      const onMessage = (message: FromAgent): void => {
        if (message.type === 'listening') resolve(message.port);
        else {
          this.#delivered = message.delivered;
          this.#queued = message.queued;
        }
      };
      const onFailure = (error: Error): void => {
        reject(error);
        this.#fail(error);
      };
      this.#agent = new Child('#demo-agent', settings, onMessage, onFailure);
    });
  }

  #startDevice(): void {
    const { way, csv, folder, streamMs } = this.#options;
    const outbox = join(folder, 'outbox');
    const settings: DeviceSettings = {
      way,
      csv,
      port: this.#networkPort,
      outbox,
      streamMs,
      startedAtMs: this.#startedAtMs,
    };
    const onMessage = (message: FromDevice): void => {
      this.#accepted = message.accepted;
      if (message.type === 'done') this.#onDeviceDone();
    };
    this.#device = new Child('#demo-device', settings, onMessage, (error) => {
      // It ends by itself when it has said that it is done.
      if (!error.message.includes('exit code 0')) this.#fail(error);
    });
  }

  async #runStorm(): Promise<void> {
    for (const fault of this.#options.storm) {
      await this.#sleep(Math.max(0, this.#startedAtMs + fault.atMs - Date.now()));
      await this.#suffer(fault);
    }
  }

  async #suffer({ kind, durationMs }: Fault): Promise<void> {
    switch (kind) {
      case 'cut':
        this.#network?.tell({ type: 'cut' });
        return;
      case 'blackHole':
      case 'refuse':
        this.#network?.tell({ type: kind, on: true });
        await this.#sleep(durationMs);
        this.#network?.tell({ type: kind, on: false });
        return;
      case 'overload':
        this.#agent?.tell({ type: 'slow', handlerMs: OVERLOADED_HANDLER_MS });
        await this.#sleep(durationMs);
        this.#agent?.tell({ type: 'slow', handlerMs: 0 });
        return;
      case 'agentKill':
        await this.#agent?.kill();
        await this.#sleep(durationMs);
        this.#network?.tell({ type: 'retarget', port: await this.#startAgent() });
        return;
      case 'deviceKill':
        // A plain device keeps what is not sent in its memory; killing it would say nothing about sending.
        if (this.way !== 'reliableChannel') return;
        await this.#device?.kill();
        await this.#sleep(durationMs);
        this.#startDevice();
        return;
    }
  }

  async #untilQuiet(): Promise<void> {
    let seen = -1;
    let since = Date.now();
    while (Date.now() - since < QUIET_MS) {
      if (this.#delivered !== seen || this.#queued > 0) since = Date.now();
      seen = this.#delivered;
      await this.#sleep(50);
    }
  }

  /** Waits, and ends what waits when this way is killed. */
  #sleep(ms: number): Promise<void> {
    return sleep(ms, undefined, { signal: this.#killed.signal });
  }

  async #orGiveUp<Value>(work: Promise<Value>): Promise<Value> {
    const limit = new AbortController();
    const tooLong = sleep(this.#options.streamMs + GIVE_UP_MS, undefined, { signal: limit.signal }).then(() => {
      throw new Error(`the ${this.way} way did not come to an end`);
    });
    tooLong.catch(() => {});
    try {
      return await Promise.race([work, this.#failed, tooLong]);
    } finally {
      limit.abort();
    }
  }
}
