// Runs one outcome over the simulated path, in virtual time, and records what happens. Transport and agent are the real
// ones; the recorder only listens: at the program's calls, at the link, at the path, at the server and at the agent.

import { createAgent } from '@holdfast/agent';
import { memoryListener } from '@holdfast/agent/memory';
import { invariant } from '@holdfast/protocol';
import { memoryStore } from '@holdfast/reliable-channel/memory';
import { createTransport, type Transport } from '@holdfast/transport';
import type { PathParameterChoices } from '../path/parameters.js';
import { createSimulatedNetwork, type SimulatedNetwork } from '../path/simulated-network.js';
import { createVirtualRuntime, type VirtualRuntime } from '../virtual-runtime.js';
import type { OutcomeEvent, OutcomeHappening, OutcomeRecording } from './events.js';
import { type FrameTap, tapLink, tapServer } from './frame-tap.js';
import type { Outcome, OutcomeFault, OutcomeProgram } from './outcome.js';

/** How long every recording is, in milliseconds. */
export const RECORDING_MS = 800;
/** The data of one message: with its frame it is six packets, and takes most of the send buffer. */
const MESSAGE_DATA_BYTES = 3_000;
/** When recordings begin, in virtual milliseconds: the connection is up by then, and idle. */
const BEGIN_MS = 1_000;
/** A small device: its WiFi chip holds four packets of 576 bytes that the server has not acknowledged. */
const PATH: PathParameterChoices = { chip: { capacityBytes: 2_304, loss: { probability: 0.05 } } };
/** Soon, so that a return after a loss is still in the picture. */
const RECONNECT_BACKOFF = { minMs: 60, maxMs: 240 };
const SEED = 1;
const DEVICE = 'press-7';

/**
 * Runs an outcome. The same outcome gives the same recording, always.
 *
 * @throws InvariantError when its program is not through by the end of the recording
 */
export async function recordOutcome(outcome: Outcome): Promise<OutcomeRecording> {
  return new OutcomeRun(outcome).record();
}

/** One run. */
class OutcomeRun {
  readonly #outcome: Outcome;
  readonly #runtime: VirtualRuntime = createVirtualRuntime({ seed: SEED });
  readonly #network: SimulatedNetwork = createSimulatedNetwork({
    ...{ runtime: this.#runtime, seed: SEED, parameters: PATH },
  });
  readonly #agent = createAgent({
    listeners: [memoryListener(tapServer(this.#network, this.#serverTap()))],
    store: memoryStore(),
    runtime: this.#runtime,
  });
  readonly #transport: Transport = createTransport({
    deviceId: DEVICE,
    link: tapLink(this.#network.device(DEVICE).link(), this.#deviceTap()),
    runtime: this.#runtime,
    reconnectBackoff: RECONNECT_BACKOFF,
  });
  readonly #events: OutcomeEvent[] = [];
  #usedBytes = 0;
  #calls = 0;

  constructor(outcome: Outcome) {
    this.#outcome = outcome;
  }

  async record(): Promise<OutcomeRecording> {
    await this.#begin();
    for (const fault of this.#outcome.faults) this.#runtime.setTimer(fault.atMs, () => this.#breakDown(fault));
    this.#events.push({ atMs: 0, type: 'filled', usedBytes: 0 });
    let isThrough = false;
    void this.#outcome.run(this.#program()).then(() => {
      isThrough = true;
    });
    // Asked between every two timers, so that no change of the fill is missed.
    await this.#runtime.runUntil(
      () => {
        this.#look();
        return false;
      },
      { limitMs: RECORDING_MS },
    );
    invariant(isThrough, `the program of ${this.#outcome.id} waits at the end of its recording`);
    return {
      outcome: this.#outcome,
      events: this.#events,
      capacityBytes: this.#transport.sendBuffer.capacityBytes,
      lengthMs: RECORDING_MS,
    };
  }

  /** Connects, and waits for silence. */
  async #begin(): Promise<void> {
    const { onError, waitFor, timeoutSeconds } = this.#outcome;
    this.#network.observe((step) => this.#add({ type: 'path', step: { ...step, atMs: step.atMs - BEGIN_MS } }));
    this.#agent.observe((event) => {
      if (event.type !== 'messageDropped') return;
      this.#add({ type: 'dropped', message: numberOf(event.name), reason: event.reason });
    });
    this.#transport.observe((event) => {
      if (event.type === 'disconnected') this.#add({ type: 'disconnected', detail: event.cause.detail });
      else if (event.type === 'connected' || event.type === 'suspended' || event.type === 'resumed') {
        this.#add({ type: event.type });
      }
      this.#look();
    });
    this.#handle();
    await this.#agent.listen();
    this.#transport.setSendTimeoutPolicy(onError, waitFor, timeoutSeconds);
    void this.#transport.connect();
    await this.#runtime.advance(BEGIN_MS);
    invariant(this.#transport.isConnected(), 'a recording begins with a connection');
  }

  #program(): OutcomeProgram {
    return {
      until: (atMs) => {
        const delayMs = BEGIN_MS + atMs - this.#runtime.nowMs();
        return new Promise((resolve) => this.#runtime.setTimer(delayMs, resolve));
      },
      send: async (message) => {
        this.#calls += 1;
        const call = this.#calls;
        this.#add({ type: 'called', call, message, dataBytes: MESSAGE_DATA_BYTES });
        const sent = this.#transport.send(nameOf(message), new Uint8Array(MESSAGE_DATA_BYTES));
        this.#look();
        const code = await sent;
        this.#add({ type: 'returned', call, message, code });
        return code;
      },
    };
  }

  #breakDown(fault: OutcomeFault): void {
    this.#add({ type: 'faultBegan', fault });
    const { stage, kind, forMs } = fault;
    if (stage === 'agent') void this.#restartAgent(forMs);
    else if (kind !== 'restart') this.#stage(stage)[kind](forMs);
  }

  #stage(
    stage: Exclude<OutcomeFault['stage'], 'agent'>,
  ): Record<'stick' | 'partition' | 'powerOff', (ms: number) => void> {
    return stage === 'chip' ? this.#network.device(DEVICE).chip : this.#network[stage];
  }

  async #restartAgent(forMs: number): Promise<void> {
    await this.#agent.restart(async () => {
      await new Promise<void>((resolve) => this.#runtime.setTimer(forMs, resolve));
      this.#handle();
    });
  }

  #handle(): void {
    this.#agent.onAny((_, { name }) => this.#add({ type: 'handled', message: numberOf(name) }));
  }

  #deviceTap(): FrameTap {
    return {
      came: (frame) => {
        if (frame.type === 'serverAck') this.#add({ type: 'serverAckCame', count: frame.count });
      },
      handedOver: () => this.#look(),
      taken: (bytes) => {
        this.#add({ type: 'taken', bytes });
        this.#look();
      },
    };
  }

  #serverTap(): FrameTap {
    return {
      came: (frame) => {
        if (frame.type === 'message') this.#add({ type: 'received', message: numberOf(frame.name) });
      },
      left: (frame) => {
        if (frame.type === 'serverAck') this.#add({ type: 'serverAckSent', count: frame.count });
      },
    };
  }

  /** Looks how full the send buffer is. */
  #look(): void {
    const { usedBytes } = this.#transport.sendBuffer;
    if (usedBytes === this.#usedBytes) return;
    this.#usedBytes = usedBytes;
    this.#add({ type: 'filled', usedBytes });
  }

  #add(happening: OutcomeHappening): void {
    const atMs = this.#runtime.nowMs() - BEGIN_MS;
    if (atMs >= 0) this.#events.push({ atMs, ...happening });
  }
}

function nameOf(message: number): string {
  return `reading ${message}`;
}

function numberOf(name: string): number {
  return Number(name.slice(nameOf(0).length - 1));
}
