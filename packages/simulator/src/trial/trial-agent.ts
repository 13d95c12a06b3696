// The agent of a trial, with handlers that take their time and fail. It crashes without closing anything, and its next life
// reads the same inbox.

import { type Agent, type AgentMessage, createAgent, type Listener } from '@holdfast/agent';
import { memoryListener } from '@holdfast/agent/memory';
import type { Runtime } from '@holdfast/protocol';
import type { Pipe } from '@holdfast/transport';
import { derivedRandom } from '../path/derived-random.js';
import type { SimulatedNetwork } from '../path/simulated-network.js';
import { Disk } from './disk.js';
import { FrameTap } from './frame-tap.js';
import { Life } from './life.js';
import { makeData } from './message-body.js';
import { ObservedSending, sendOptionsOf } from './observed-sending.js';
import type { Peaks } from './peaks.js';
import type { RecordEvent } from './trace-recorder.js';
import { outboxLimitOf, outboxTowards } from './trial-device.js';
import { TrialHandler } from './trial-handler.js';
import type { PlannedLimits, PlannedSend, TrialPlan } from './trial-plan.js';

/** What an agent is made of. */
export interface TrialAgentOptions {
  readonly seed: number;
  readonly runtime: Runtime;
  readonly network: SimulatedNetwork;
  readonly limits: PlannedLimits;
  readonly lanes: TrialPlan['lanes'];
  readonly devices: readonly string[];
  readonly record: RecordEvent;
  /** A number for every message of the trial. */
  nextNumber(): number;
}

const WHO = 'agent';
/** How long after a failed opening of an outbox it is tried again, in milliseconds. */
const REOPEN_MS = 1_000;

/** An agent. */
export class TrialAgent {
  readonly disk: Disk;
  readonly #options: TrialAgentOptions;
  readonly #handler: TrialHandler;
  #life: Life | undefined;
  #lives = 0;
  #agent: Agent | undefined;
  /** Ends the listening of this life. */
  #stopListening: () => void = () => {};
  /** The outboxes towards devices that are open in this life, by device. */
  readonly #sendings = new Map<string, ObservedSending>();
  /** Those that have been open for some time, and know what they have. */
  readonly #read = new Set<string>();

  constructor(options: TrialAgentOptions) {
    const { seed, runtime, limits, record } = options;
    this.#options = options;
    const handling = { runtime, random: derivedRandom(seed, 'trial/handlers'), record };
    this.#handler = new TrialHandler({ owner: WHO, ...handling });
    const random = derivedRandom(seed, 'trial/agent/disk');
    this.disk = new Disk({ owner: WHO, runtime, random, commitMaxMs: limits.commitMaxMs, record });
  }

  /** Begins a life. Nothing when one is under way. */
  start(): void {
    if (this.#life !== undefined) return;
    const { seed, runtime, limits, lanes, record } = this.#options;
    this.#lives += 1;
    const life = new Life(this.#lives, runtime, derivedRandom(seed, `trial/agent/life ${this.#lives}`));
    this.#life = life;
    record(WHO, { what: 'agentStarted', life: life.number });
    const { agentQueueMaxMessages, creditMessages, outboxMaxMessages, whenFull, maxAttempts } = limits;
    const agent = createAgent({
      listeners: [this.#listener(life)],
      store: this.disk.storeFor(life),
      outbox: { outboxMaxMessages, whenFull, maxAttempts, lanes },
      ...{ agentQueueMaxMessages, creditMessages },
      runtime: life.runtime,
    });
    this.#agent = agent;
    this.#register(life, agent);
    agent.observe(
      life.guard((event) => {
        if (event.type === 'messageDropped') record(WHO, { what: 'dropped', device: event.device, why: event.reason });
        if (event.type === 'overloadChanged')
          record(WHO, { what: event.isOverloaded ? 'overloadBegan' : 'overloadEnded' });
        if (event.type === 'deviceChannel') this.#sendings.get(event.device)?.onEvent(event.event);
      }),
    );
    void agent.listen();
    for (const device of this.#options.devices) {
      const sending = new ObservedSending(life, outboxTowards(device), record);
      void this.#openOutbox(life, agent, device, sending);
    }
  }

  /** The process is gone at once, and the machine resets its connections; another life begins after `downMs`. */
  crash(downMs: number): void {
    const { runtime, network, record } = this.#options;
    if (this.#life === undefined) return;
    record(WHO, { what: 'agentCrashed', life: this.#life.number });
    this.#life.end();
    this.#life = undefined;
    this.#agent = undefined;
    this.#sendings.clear();
    this.#read.clear();
    this.#handler.forget();
    this.#stopListening();
    network.server.reset();
    runtime.setTimer(downMs, () => this.start());
  }

  /** The agent forgets its handlers, and has them again after `downMs`. */
  restart(downMs: number): void {
    const { record } = this.#options;
    const [life, agent] = [this.#life, this.#agent];
    if (life === undefined || agent === undefined) return;
    record(WHO, { what: 'agentRestarting' });
    void agent.restart(async () => {
      await new Promise<void>((resolve) => life.runtime.setTimer(downMs, resolve));
      this.#register(life, agent);
      record(WHO, { what: 'agentRestarted' });
    });
  }

  /** Handlings take up to six seconds, for so long. */
  slowDown(ms: number): void {
    this.#handler.slowDown(ms);
  }

  /** Most handlings fail, for so long. */
  failHandlers(ms: number): void {
    this.#handler.failFor(ms);
  }

  /** Nothing of a lane is handled any more; `undefined`: everything is. */
  stickLane(lane: string | undefined): void {
    this.#handler.stickLane(lane);
  }

  /** Sends a message to a device as planned. An agent that is off, or has not opened the outbox yet, sends nothing. */
  async send(planned: PlannedSend): Promise<void> {
    const [agent, sending] = [this.#agent, this.#sendings.get(planned.device)];
    if (agent === undefined || sending === undefined) return;
    const n = this.#options.nextNumber();
    const data = makeData(n, planned.bytes);
    const delivery = await agent.device(planned.device).send('command', data, sendOptionsOf(planned));
    if (this.#agent === agent) sending.onSent(n, data, planned, delivery);
  }

  /** Messages in the outbox towards a device. */
  async outboxMessages(device: string): Promise<number> {
    return (await this.#agent?.device(device).stats())?.outboxMessages ?? 0;
  }

  /** Whether nothing waits for a handler, none runs, and nothing is to be sent. */
  get isQuiet(): boolean {
    const stats = this.#agent?.stats();
    const isIdle = stats?.queuedMessages === 0 && stats.outboxMessages === 0 && this.#handler.running === 0;
    return isIdle && this.#sendings.size === this.#options.devices.length;
  }

  /** Watches what it holds. */
  watch(peaks: Peaks): void {
    const { agentQueueMaxMessages, creditMessages } = this.#options.limits;
    // A frame is taken whole: the last one before the agent says that it is overloaded may bring as much as its credit allows.
    const limit = agentQueueMaxMessages - 1 + creditMessages;
    peaks.watch(WHO, 'queue', limit, () => this.#agent?.stats().queuedMessages ?? 0);
    const outboxes = this.#options.devices.length * outboxLimitOf(this.#options.limits);
    peaks.watch(WHO, 'outboxes', outboxes, () => {
      return this.#read.size === this.#options.devices.length ? (this.#agent?.stats().outboxMessages ?? 0) : 0;
    });
  }

  #register(life: Life, agent: Agent): void {
    const handle = (data: unknown, message: AgentMessage): unknown =>
      this.#handler.handle(life, data, { from: message.device, ...message });
    agent.on('reading', handle);
    agent.on('plain', handle);
  }

  /** Listens in on every pipe, and ends with the life. */
  #listener(life: Life): Listener {
    const { network, record } = this.#options;
    return memoryListener({
      writeMaxBytes: network.writeMaxBytes,
      listen: (accept) => {
        this.#stopListening = network.listen((pipe: Pipe) => {
          const events = life.guardEvents(accept(pipe));
          const tap = new FrameTap((n, isPlain) => record(WHO, { what: 'received', device: pipe.peer, n, isPlain }));
          return {
            received: (bytes) => {
              if (!life.isOver) tap.take(bytes);
              events.received(bytes);
            },
            closed: events.closed,
          };
        });
        return this.#stopListening;
      },
    });
  }

  /** Opens an outbox before anything happens in it, so that the trace knows how it stands. */
  async #openOutbox(life: Life, agent: Agent, device: string, sending: ObservedSending): Promise<void> {
    try {
      await agent.listen();
      sending.onOpened(await agent.device(device).stats(), Object.keys(this.#options.lanes));
      this.#sendings.set(device, sending);
      life.runtime.setTimer(1, () => void this.#read.add(device));
    } catch {
      // The disk did not write the new numbering.
      life.runtime.setTimer(REOPEN_MS, () => void this.#openOutbox(life, agent, device, sending));
    }
  }
}
