// Puts readings into a channel's outbox: never more at a time than memory is meant for, and never beyond what may wait for
// acknowledgements.

import { encodeMessage, HoldfastError, isHoldfastError } from '@holdfast/protocol';
import type { Delivery, ReliableChannel, SendOptions } from '@holdfast/reliable-channel';
import { type Reading, ReadingError, type Readings } from '../readings/reading.js';

/** How many messages go to the store in one piece, and their bytes. */
const TURN_MAX_MESSAGES = 1_024;
const TURN_MAX_BYTES = 1024 * 1024;

/**
 * Messages that may wait for acknowledgements, and their bytes, before reading goes on. They wait on disk; what memory
 * keeps of each is small but not nothing.
 */
const WAITING_MAX_MESSAGES = 50_000;
const WAITING_MAX_BYTES = 256 * 1024 * 1024;

/** Puts readings into an outbox. */
export class OutboxFeed {
  readonly #channel: ReliableChannel;
  readonly #name: string;
  readonly #options: SendOptions;
  /** Where the latest reading ended that the outbox has taken; 0: none. */
  #lastLine = 0;
  #takenMessages = 0;

  /** @param name - the name of every message @param options - what is asked for every message */
  constructor(channel: ReliableChannel, name: string, options: SendOptions = {}) {
    this.#channel = channel;
    this.#name = name;
    this.#options = options;
  }

  get lastLine(): number {
    return this.#lastLine;
  }

  get takenMessages(): number {
    return this.#takenMessages;
  }

  /**
   * Puts all of them into the outbox. What has been counted as taken is stored, or will be when the channel is closed.
   *
   * @param signal - ends the work early; then it resolves, too
   * @throws ReadingError for data that no message can have
   * @throws HoldfastError `OUTBOX_FULL`, `STORE_FAILED`: some of the latest ones are not in the outbox
   */
  async take(readings: Readings, signal: AbortSignal): Promise<void> {
    for await (const piece of readings) {
      let taken = 0;
      while (taken < piece.length) {
        await this.#room(signal);
        if (signal.aborted) return;
        taken += await this.#takeTurn(piece, taken, signal);
      }
    }
  }

  /** Takes some readings from `from` on, as one turn; returns how many. */
  async #takeTurn(piece: readonly Reading[], from: number, signal: AbortSignal): Promise<number> {
    const bytesBefore = this.#channel.stats().outboxBytes;
    let count = 0;
    let last: Delivery | undefined;
    const before = { line: this.#lastLine, messages: this.#takenMessages };
    for (const reading of piece.slice(from, from + TURN_MAX_MESSAGES)) {
      last = naming(reading, () => this.#channel.send(this.#name, reading.data, this.#options));
      this.#lastLine = reading.lastLine;
      this.#takenMessages += 1;
      count += 1;
      if (this.#channel.stats().outboxBytes - bytesBefore >= TURN_MAX_BYTES) break;
    }
    try {
      await unlessAborted(last?.stored, signal);
      if (this.#channel.stats().evictedMessages > 0)
        throw new HoldfastError('STORE_FAILED', 'the outbox could not store all');
    } catch (error) {
      this.#lastLine = before.line;
      this.#takenMessages = before.messages;
      throw error;
    }
    return count;
  }

  /** Waits until more may wait. */
  async #room(signal: AbortSignal): Promise<void> {
    const hasRoom = (): boolean => {
      const { outboxMessages, outboxBytes } = this.#channel.stats();
      return outboxMessages < WAITING_MAX_MESSAGES && outboxBytes < WAITING_MAX_BYTES;
    };
    while (!hasRoom() && !signal.aborted) await acknowledgement(this.#channel, signal);
  }
}

/**
 * Checks readings without sending them.
 *
 * @param counted - told how many are good so far
 * @throws ReadingError for the first one that no message can have
 */
export async function checkReadings(
  readings: Readings,
  name: string,
  counted: (count: number) => void,
): Promise<number> {
  let count = 0;
  for await (const piece of readings) {
    for (const reading of piece) naming(reading, () => encodeMessage(name, reading.data));
    count += piece.length;
    counted(count);
  }
  return count;
}

/** Resolves like `promise`, or when `signal` aborts. */
export async function unlessAborted(promise: Promise<unknown> | undefined, signal: AbortSignal): Promise<void> {
  if (signal.aborted || promise === undefined) {
    // Whoever asked is not interested any more.
    promise?.catch(() => {});
    return;
  }
  let onAbort = (): void => {};
  const aborted = new Promise<void>((resolve) => {
    onAbort = resolve;
    signal.addEventListener('abort', onAbort, { once: true });
  });
  try {
    await Promise.race([promise, aborted]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}

/** Runs what can find a fault in a reading, and names its line then. */
function naming<Result>(reading: Reading, run: () => Result): Result {
  try {
    return run();
  } catch (error) {
    if (!isHoldfastError(error) || !FAULTS_OF_DATA.includes(error.code)) throw error;
    throw new ReadingError(reading.line, error.message, { cause: error });
  }
}

const FAULTS_OF_DATA: readonly string[] = ['MESSAGE_TOO_LARGE', 'DATA_NOT_SERIALISABLE', 'DATA_UNSAFE_KEY'];

function acknowledgement(channel: ReliableChannel, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const end = (): void => {
      signal.removeEventListener('abort', end);
      stopWatching();
      resolve();
    };
    const stopWatching = channel.observe(({ type }) => {
      if (type === 'acknowledged' || type === 'givenUp') end();
    });
    signal.addEventListener('abort', end, { once: true });
  });
}
