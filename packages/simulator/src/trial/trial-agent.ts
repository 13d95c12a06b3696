// The agent of a trial, with handlers that take their time and fail. It crashes without closing anything, and its next life
// reads the same inbox.

import { type Agent, type AgentMessage, createAgent, type Listener } from '@holdfast/agent';
import { memoryListener } from '@holdfast/agent/memory';
import type { RandomUint32, Runtime } from '@holdfast/protocol';
import type { Pipe } from '@holdfast/transport';
import { derivedRandom } from '../path/derived-random.js';
import type { SimulatedNetwork } from '../path/simulated-network.js';
import { randomInteger } from '../seeded-random.js';
import { Disk } from './disk.js';
import { FrameTap } from './frame-tap.js';
import { Life } from './life.js';
import { contentHash, numberOf } from './message-body.js';
import type { Peaks } from './peaks.js';
import type { RecordEvent } from './trace-recorder.js';
import type { PlannedLimits } from './trial-plan.js';

/** What an agent is made of. */
export interface TrialAgentOptions {
  readonly seed: number;
  readonly runtime: Runtime;
  readonly network: SimulatedNetwork;
  readonly limits: PlannedLimits;
  readonly record: RecordEvent;
}

const WHO = 'agent';
/** Percent of handlings that are done at once, and of those that fail, when nothing is wrong. */
const AT_ONCE_PERCENT = 80;
const FAILING_PERCENT = 2;
const TROUBLED_FAILING_PERCENT = 85;
/** The longest handling, in milliseconds. */
const HANDLING_MAX_MS = 50;
const SLOW_HANDLING_MAX_MS = 6_000;

/** An agent. */
export class TrialAgent {
  readonly disk: Disk;
  readonly #options: TrialAgentOptions;
  readonly #random: RandomUint32;
  #life: Life | undefined;
  #lives = 0;
  #agent: Agent | undefined;
  /** Ends the listening of this life. */
  #stopListening: () => void = () => {};
  #handling = 0;
  #slowUntilMs = 0;
  #failingUntilMs = 0;

  constructor(options: TrialAgentOptions) {
    const { seed, runtime, limits, record } = options;
    this.#options = options;
    this.#random = derivedRandom(seed, 'trial/handlers');
    const random = derivedRandom(seed, 'trial/agent/disk');
    this.disk = new Disk({ owner: WHO, runtime, random, commitMaxMs: limits.commitMaxMs, record });
  }

  /** Begins a life. Nothing when one is under way. */
  start(): void {
    if (this.#life !== undefined) return;
    const { seed, runtime, limits, record } = this.#options;
    this.#lives += 1;
    const life = new Life(this.#lives, runtime, derivedRandom(seed, `trial/agent/life ${this.#lives}`));
    this.#life = life;
    record(WHO, { what: 'agentStarted', life: life.number });
    const { agentQueueMaxMessages, creditMessages } = limits;
    const agent = createAgent({
      listeners: [this.#listener(life)],
      store: this.disk.storeFor(life),
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
      }),
    );
    void agent.listen();
  }

  /** The process is gone at once, and the machine resets its connections; another life begins after `downMs`. */
  crash(downMs: number): void {
    const { runtime, network, record } = this.#options;
    if (this.#life === undefined) return;
    record(WHO, { what: 'agentCrashed', life: this.#life.number });
    this.#life.end();
    this.#life = undefined;
    this.#agent = undefined;
    this.#handling = 0;
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
    this.#slowUntilMs = Math.max(this.#slowUntilMs, this.#options.runtime.nowMs() + ms);
  }

  /** Most handlings fail, for so long. */
  failHandlers(ms: number): void {
    this.#failingUntilMs = Math.max(this.#failingUntilMs, this.#options.runtime.nowMs() + ms);
  }

  /** Whether nothing waits for a handler and none runs. */
  get isQuiet(): boolean {
    return this.#agent?.stats().queuedMessages === 0 && this.#handling === 0;
  }

  /** Watches what it holds. */
  watch(peaks: Peaks): void {
    const { agentQueueMaxMessages, creditMessages } = this.#options.limits;
    // A frame is taken whole: the last one before the agent says that it is overloaded may bring as much as its credit allows.
    const limit = agentQueueMaxMessages - 1 + creditMessages;
    peaks.watch(WHO, 'queue', limit, () => this.#agent?.stats().queuedMessages ?? 0);
  }

  #register(life: Life, agent: Agent): void {
    const handle = (data: unknown, message: AgentMessage): unknown => this.#handle(life, data, message);
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

  #handle(life: Life, data: unknown, { device, id = '', attempt }: AgentMessage): Promise<void> | undefined {
    const { runtime, record } = this.#options;
    const n = numberOf(data);
    record(WHO, { what: 'handlerBegan', device, n, id, attempt, hash: contentHash(data) });
    const nowMs = runtime.nowMs();
    const isSlow = nowMs < this.#slowUntilMs;
    const fails = this.#percent() < (nowMs < this.#failingUntilMs ? TROUBLED_FAILING_PERCENT : FAILING_PERCENT);
    const isAtOnce = this.#percent() < (isSlow ? 0 : AT_ONCE_PERCENT);
    const max = isSlow ? SLOW_HANDLING_MAX_MS : HANDLING_MAX_MS;
    const finish = (): void => {
      record(WHO, { what: fails ? 'handlerFailed' : 'handlerDone', device, n, id });
      if (fails) throw new Error('the handler failed');
    };
    if (isAtOnce) {
      finish();
      return undefined;
    }
    this.#handling += 1;
    return new Promise<void>((resolve) => {
      life.runtime.setTimer(randomInteger(this.#random, { min: 0, max }), resolve);
    }).then(() => {
      this.#handling -= 1;
      finish();
    });
  }

  #percent(): number {
    return randomInteger(this.#random, { min: 0, max: 99 });
  }
}
