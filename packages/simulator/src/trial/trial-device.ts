// A device of a trial: a transport and a channel on an outbox that survives it. It crashes without closing anything, and begins
// its next life with what its disk has.

import type { RandomUint32, Runtime } from '@holdfast/protocol';
import { openReliableChannel, type ReliableChannel } from '@holdfast/reliable-channel';
import { createTransport, type Transport } from '@holdfast/transport';
import { derivedRandom } from '../path/derived-random.js';
import type { DevicePath } from '../path/device-path.js';
import { Disk } from './disk.js';
import { Life } from './life.js';
import { contentHash, makeData } from './message-body.js';
import { ObservedSending, sendOptionsOf } from './observed-sending.js';
import type { Peaks } from './peaks.js';
import type { RecordEvent } from './trace-recorder.js';
import { TrialHandler } from './trial-handler.js';
import type { PlannedLimits, PlannedSend, TrialPlan } from './trial-plan.js';
import { WrongClock } from './wrong-clock.js';

/** What a device is made of. */
export interface TrialDeviceOptions {
  readonly id: string;
  readonly seed: number;
  readonly runtime: Runtime;
  readonly path: DevicePath;
  readonly limits: PlannedLimits;
  readonly lanes: TrialPlan['lanes'];
  readonly record: RecordEvent;
  /** A number for every message of the trial. */
  nextNumber(): number;
}

/** A device. */
export class TrialDevice {
  readonly disk: Disk;
  readonly #options: TrialDeviceOptions;
  readonly #handler: TrialHandler;
  /** Draws what the clock says in each life. */
  readonly #clockRandom: RandomUint32;
  #life: Life | undefined;
  #lives = 0;
  #transport: Transport | undefined;
  #channel: ReliableChannel | undefined;
  #sending: ObservedSending | undefined;
  /** Whether the outbox has been open for some time. */
  #isRead = false;
  /** Plain sends of this life that have no code. */
  #waitingPlain = 0;

  constructor(options: TrialDeviceOptions) {
    const { id, seed, runtime, limits, record } = options;
    this.#options = options;
    const handling = { runtime, random: derivedRandom(seed, `trial/${id}/handlers`), record };
    this.#handler = new TrialHandler({ owner: id, ...handling });
    this.#clockRandom = derivedRandom(seed, `trial/${id}/clock`);
    const random = derivedRandom(seed, `trial/${id}/disk`);
    this.disk = new Disk({ owner: id, runtime, random, commitMaxMs: limits.commitMaxMs, record });
  }

  /** Begins a life. Nothing when one is under way. */
  start(): void {
    if (this.#life !== undefined) return;
    const { id, seed, runtime, record } = this.#options;
    this.#lives += 1;
    const clock = new WrongClock(runtime, this.#clockRandom);
    const random = derivedRandom(seed, `trial/${id}/life ${this.#lives}`);
    const life = new Life(this.#lives, runtime, random, () => clock.wallClockMs());
    this.#life = life;
    record(id, { what: 'started', life: life.number, wallMs: Math.floor(clock.wallClockMs()) });
    if (clock.setAfterMs !== undefined) {
      life.runtime.setTimer(clock.setAfterMs, () => {
        clock.set();
        record(id, { what: 'clockSet', wallMs: Math.floor(clock.wallClockMs()) });
      });
    }
    this.#transport = this.#makeTransport(life);
    void this.#open(life, this.#transport);
  }

  /** Ends the life at once; another one begins after `downMs`. */
  crash(downMs: number): void {
    const { id, runtime, path, record } = this.#options;
    if (this.#life === undefined) return;
    record(id, { what: 'crashed', life: this.#life.number });
    this.#life.end();
    this.#life = undefined;
    this.#transport = undefined;
    this.#channel = undefined;
    this.#sending = undefined;
    this.#isRead = false;
    this.#handler.forget();
    this.#waitingPlain = 0;
    // The chip has no power either, and the server hears nothing of it.
    path.chip.powerOff(downMs);
    runtime.setTimer(downMs, () => this.start());
  }

  /** Sends a message as planned. A device that is off, or has not opened its outbox yet, sends nothing. */
  send(planned: PlannedSend): void {
    const life = this.#life;
    const transport = this.#transport;
    const channel = this.#channel;
    if (life === undefined || transport === undefined || channel === undefined) return;
    if (planned.plain !== undefined) void this.#sendPlain(life, transport, planned.bytes, planned.plain);
    else this.#sendReliably(channel, planned);
  }

  /** Whether nothing of it is under way. */
  get isQuiet(): boolean {
    const isIdle = this.#waitingPlain === 0 && this.#handler.running === 0;
    return this.outboxMessages === 0 && this.#channel !== undefined && isIdle;
  }

  /** Messages in the outbox, as the channel counts them. */
  get outboxMessages(): number {
    return this.#channel?.stats().outboxMessages ?? 0;
  }

  /** Watches what it holds. */
  watch(peaks: Peaks): void {
    const { id, limits } = this.#options;
    // What an outbox has that was just opened it knows when it has read it.
    peaks.watch(id, 'outbox', outboxLimitOf(limits), () => (this.#isRead ? this.outboxMessages : 0));
    peaks.watch(id, 'in flight', limits.windowMaxMessages, () => this.#channel?.stats().inFlightMessages ?? 0);
    peaks.watch(id, 'send buffer', limits.sendBufferBytes, () => this.#transport?.sendBuffer.usedBytes ?? 0);
  }

  #makeTransport(life: Life): Transport {
    const { id, path, limits, record } = this.#options;
    const { sendBufferBytes, keepaliveIdleMs, keepaliveTimeoutMs, reconnectMaxMs } = limits;
    const transport = createTransport({
      deviceId: id,
      link: life.guardLink(path.link(), () => record(id, { what: 'dialed', life: life.number })),
      reconnectBackoff: { minMs: 500, maxMs: reconnectMaxMs },
      ...{ sendBufferBytes, keepaliveIdleMs, keepaliveTimeoutMs },
      runtime: life.runtime,
    });
    transport.observe(
      life.guard((event) => {
        if (event.type === 'connected') record(id, { what: 'connected' });
        else if (event.type === 'disconnected') record(id, { what: 'disconnected', why: event.cause.kind });
        else if (event.type === 'connectFailed') record(id, { what: 'connectFailed', reason: event.reason });
      }),
    );
    return transport;
  }

  async #open(life: Life, transport: Transport): Promise<void> {
    const { id, limits, lanes, record } = this.#options;
    const { outboxMaxMessages, whenFull, maxAttempts, windowMaxMessages } = limits;
    const store = this.disk.storeFor(life);
    const options = { outboxMaxMessages, whenFull, maxAttempts, windowMaxMessages, lanes };
    let channel: ReliableChannel;
    try {
      channel = await openReliableChannel({ transport, store, ...options });
    } catch {
      // The disk did not write the new numbering: the program tries again, as a supervisor would have it do.
      life.runtime.setTimer(REOPEN_MS, () => void this.#open(life, transport));
      return;
    }
    if (life.isOver) return;
    channel.on('command', (data, message) => this.#handler.handle(life, data, { from: outboxTowards(id), ...message }));
    this.#channel = channel;
    const sending = new ObservedSending(life, id, record);
    this.#sending = sending;
    sending.onOpened(channel.stats(), Object.keys(lanes));
    channel.observe((event) => sending.onEvent(event));
    life.runtime.setTimer(1, () => {
      this.#isRead = true;
    });
  }

  #sendReliably(channel: ReliableChannel, planned: PlannedSend): void {
    const n = this.#options.nextNumber();
    const data = makeData(n, planned.bytes);
    this.#sending?.onSent(n, data, planned, channel.send('reading', data, sendOptionsOf(planned)));
  }

  async #sendPlain(
    life: Life,
    transport: Transport,
    bytes: number,
    { onError, waitFor, timeoutSeconds }: NonNullable<PlannedSend['plain']>,
  ): Promise<void> {
    const { id, record } = this.#options;
    const n = this.#options.nextNumber();
    const data = makeData(n, bytes);
    const policy = { onError, waitFor, timeoutMs: timeoutSeconds * 1_000 };
    record(id, { what: 'plainSend', life: life.number, n, ...policy, bytes, hash: contentHash(data) });
    transport.setSendTimeoutPolicy(onError, waitFor, timeoutSeconds);
    this.#waitingPlain += 1;
    const code = await transport.send('plain', data);
    if (life.isOver) return;
    this.#waitingPlain -= 1;
    record(id, { what: 'plainCode', n, code });
  }
}

const REOPEN_MS = 1_000;

/** Messages that may wait in memory for an outbox that makes its senders wait. */
const WAITING_MAX_MESSAGES = 1_024;

/** The most messages that an outbox may have. */
export function outboxLimitOf({ outboxMaxMessages, whenFull }: PlannedLimits): number {
  return outboxMaxMessages + (whenFull === 'wait' ? WAITING_MAX_MESSAGES : 0);
}

/** The outbox at the agent for what it sends to a device. */
export function outboxTowards(device: string): string {
  return `agent/${device}`;
}
