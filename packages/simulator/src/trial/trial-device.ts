// A device of a trial: a transport and a channel on an outbox that survives it. It crashes without closing anything, and begins
// its next life with what its disk has.

import type { Runtime } from '@holdfast/protocol';
import { type Delivery, openReliableChannel, type ReliableChannel } from '@holdfast/reliable-channel';
import { createTransport, type Transport } from '@holdfast/transport';
import { derivedRandom } from '../path/derived-random.js';
import type { DevicePath } from '../path/device-path.js';
import { Disk } from './disk.js';
import { Life } from './life.js';
import { contentHash, makeData } from './message-body.js';
import type { Peaks } from './peaks.js';
import type { RecordEvent } from './trace-recorder.js';
import type { PlannedLimits, PlannedSend } from './trial-plan.js';

/** What a device is made of. */
export interface TrialDeviceOptions {
  readonly id: string;
  readonly seed: number;
  readonly runtime: Runtime;
  readonly path: DevicePath;
  readonly limits: PlannedLimits;
  readonly record: RecordEvent;
  /** A number for every message of the trial. */
  nextNumber(): number;
}

/** A device. */
export class TrialDevice {
  readonly disk: Disk;
  readonly #options: TrialDeviceOptions;
  #life: Life | undefined;
  #lives = 0;
  #transport: Transport | undefined;
  #channel: ReliableChannel | undefined;
  /** Plain sends of this life that have no code. */
  #waitingPlain = 0;

  constructor(options: TrialDeviceOptions) {
    const { id, seed, runtime, limits, record } = options;
    this.#options = options;
    const random = derivedRandom(seed, `trial/${id}/disk`);
    this.disk = new Disk({ owner: id, runtime, random, commitMaxMs: limits.commitMaxMs, record });
  }

  /** Begins a life. Nothing when one is under way. */
  start(): void {
    if (this.#life !== undefined) return;
    const { id, seed, runtime, record } = this.#options;
    this.#lives += 1;
    const life = new Life(this.#lives, runtime, derivedRandom(seed, `trial/${id}/life ${this.#lives}`));
    this.#life = life;
    record(id, { what: 'started', life: life.number });
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
    else this.#sendReliably(life, channel, planned);
  }

  /** Whether nothing of it is under way. */
  get isQuiet(): boolean {
    return this.outboxMessages === 0 && this.#channel !== undefined && this.#waitingPlain === 0;
  }

  /** Messages in the outbox, as the channel counts them. */
  get outboxMessages(): number {
    return this.#channel?.stats().outboxMessages ?? 0;
  }

  /** Watches what it holds. */
  watch(peaks: Peaks): void {
    const { id, limits } = this.#options;
    peaks.watch(id, 'outbox', limits.outboxMaxMessages, () => this.outboxMessages);
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
    const { id, limits, record } = this.#options;
    const { outboxMaxMessages, windowMaxMessages } = limits;
    const store = this.disk.storeFor(life);
    let channel: ReliableChannel;
    try {
      channel = await openReliableChannel({ transport, store, outboxMaxMessages, windowMaxMessages });
    } catch {
      // The disk did not write the new numbering: the program tries again, as a supervisor would have it do.
      life.runtime.setTimer(REOPEN_MS, () => void this.#open(life, transport));
      return;
    }
    if (life.isOver) return;
    this.#channel = channel;
    record(id, { what: 'opened', life: life.number, next: channel.stats().nextSequence });
    channel.observe(
      life.guard((event) => {
        if (event.type !== 'acknowledged') return;
        const { type: status, first, last } = event;
        record(id, { what: 'ended', life: life.number, first, last, status });
      }),
    );
  }

  #sendReliably(life: Life, channel: ReliableChannel, { bytes, lane }: PlannedSend): void {
    const { id, record } = this.#options;
    const n = this.#options.nextNumber();
    const data = makeData(n, bytes);
    const delivery = channel.send('reading', data);
    const sequence = sequenceOf(delivery);
    const about = { lane, sequence, id: delivery.id ?? '', bytes, hash: contentHash(data) };
    record(id, { what: 'send', life: life.number, n, ...about });
    delivery.stored.then(
      life.guard(() => record(id, { what: 'stored', n })),
      life.guard(() => record(id, { what: 'notStored', n })),
    );
    void delivery.settled.then(life.guard(({ status }) => record(id, { what: 'settled', n, status })));
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

/** The number behind the dash of a delivery's id; 0: it has none. */
function sequenceOf({ id }: Delivery): number {
  return id === undefined ? 0 : Number(id.slice(id.lastIndexOf('-') + 1));
}
