// The four ways to send, each as a loop that never stops by itself. They run on any runtime: virtual, or the system's.

import type { Runtime } from '@holdfast/protocol';
import type { ReliableChannel } from '@holdfast/reliable-channel';
import { RETURN_ON_ERROR, SEND_OK, type Transport, WAIT_FOR_ACK, WAIT_TIL_SENT } from '@holdfast/transport';

/** The name of every message that is sent here. */
export const MESSAGE_NAME = 'reading';

/** A sender at work. */
export interface Sending {
  /** Messages done so far, in the sense of the policy: in the buffer, at the server, or handled by the agent. */
  readonly done: number;
  /** How long the latest ones took until they were, in milliseconds. Empties the list. */
  takeTimes(): number[];
  /** Begins nothing new. */
  stop(): void;
  /** What went wrong, if something did; nothing is sent after that. */
  readonly failure: Error | undefined;
}

/** Plain sends may take as long as they want. */
const TIMEOUT_SECONDS = 3_600;
/** Times kept at most, so that long runs keep no more than they report. */
const TIMES_MAX = 100_000;

class Tally implements Sending {
  done = 0;
  failure: Error | undefined;
  isStopped = false;
  #times: number[] = [];

  add(tookMs: number): void {
    this.done += 1;
    if (this.#times.length < TIMES_MAX) this.#times.push(tookMs);
  }

  takeTimes(): number[] {
    const times = this.#times;
    this.#times = [];
    return times;
  }

  stop(): void {
    this.isStopped = true;
  }
}

/** WAIT_TIL_SENT: the next send follows when the last one is in the send buffer. */
export function sendTilSent(transport: Transport, runtime: Runtime, data: Uint8Array): Sending {
  transport.setSendTimeoutPolicy(RETURN_ON_ERROR, WAIT_TIL_SENT, TIMEOUT_SECONDS);
  return startLoops(transport, runtime, data, 1);
}

/** WAIT_FOR_ACK: so many loops, and in each the next send follows when the server has acknowledged the last one. */
export function sendForAck(transport: Transport, runtime: Runtime, data: Uint8Array, outstanding: number): Sending {
  transport.setSendTimeoutPolicy(RETURN_ON_ERROR, WAIT_FOR_ACK, TIMEOUT_SECONDS);
  return startLoops(transport, runtime, data, outstanding);
}

function startLoops(transport: Transport, runtime: Runtime, data: Uint8Array, loops: number): Sending {
  const tally = new Tally();
  const loop = async (): Promise<void> => {
    while (!tally.isStopped && tally.failure === undefined) {
      const startMs = runtime.nowMs();
      const code = await transport.send(MESSAGE_NAME, data);
      if (tally.isStopped) return;
      if (code === SEND_OK) tally.add(runtime.nowMs() - startMs);
      else tally.failure = new Error(`a send ended with code ${code}`);
    }
  };
  for (let index = 0; index < loops; index += 1) void loop();
  return tally;
}

/** The reliable channel, with so many messages in its outbox: one more for every one that the agent has acknowledged. */
export function sendReliably(channel: ReliableChannel, runtime: Runtime, data: Uint8Array, waiting: number): Sending {
  const tally = new Tally();
  const sentAtMs = new Map<number, number>();
  const fill = (count: number): void => {
    for (let index = 0; index < count && !tally.isStopped; index += 1) {
      sentAtMs.set(channel.stats().nextSequence, runtime.nowMs());
      channel.send(MESSAGE_NAME, data);
    }
  };
  channel.observe((event) => {
    if (event.type === 'storeProblem') tally.failure = new Error(event.detail);
    if (event.type !== 'acknowledged') return;
    const nowMs = runtime.nowMs();
    for (let sequence = event.first; sequence <= event.last; sequence += 1) {
      tally.add(nowMs - (sentAtMs.get(sequence) ?? nowMs));
      sentAtMs.delete(sequence);
    }
    fill(event.last - event.first + 1);
  });
  fill(waiting);
  return tally;
}
