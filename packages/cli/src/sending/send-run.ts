// One run of `holdfast send`: check the input, put it into the outbox, wait until the agent has acknowledged everything
// there. However it ends, the last line says what has become of every message.

import { openReliableChannel, type ReliableChannel, type SendOptions } from '@holdfast/reliable-channel';
import { lmdbStore } from '@holdfast/reliable-channel/lmdb';
import { createTransport, type TransportOptions } from '@holdfast/transport';
import { CommandError, EXIT_CODE } from '../command-error.js';
import type { Interruption } from '../interruption.js';
import { createProgress, type Progress } from '../progress.js';
import { ReadingError } from '../readings/reading.js';
import type { Source } from '../readings/source.js';
import { counted, duration, printable, type TextStream } from '../terminal.js';
import { watchAcks } from './ack-timeout.js';
import { ConnectionNotices } from './connection-notices.js';
import { givenUp } from './given-up.js';
import { checkReadings, OutboxFeed, unlessAborted } from './outbox-feed.js';

/** What one run is to do. */
export interface SendPlan {
  /** `undefined`: only what the outbox holds. */
  readonly source: Source | undefined;
  /** The first line of the source that is meant. */
  readonly fromLine: number;
  /** The name of every message. */
  readonly name: string;
  /** What is asked for every message beside that. */
  readonly sendOptions: SendOptions;
  readonly transport: TransportOptions;
  /** Where the agent is, for people. */
  readonly target: string;
  /** The folder of the outbox. */
  readonly outbox: string;
  /** How long to wait without any acknowledgement; `undefined`: for ever. */
  readonly timeoutMs: number | undefined;
  /** Where to tell how it goes; `undefined`: nowhere. */
  readonly stream: TextStream | undefined;
}

/** A whole file can be refused; what is kept of that should not end at a channel's default. */
const DEAD_LETTERS_MAX_MESSAGES = 10_000;

/** Why a run ends before everything is acknowledged. */
interface Ending {
  readonly what: string;
  readonly exitCode: number;
}

/**
 * Runs a plan. Resolves when every message, of this run and of earlier ones, has been acknowledged.
 *
 * @throws CommandError that says what is kept where, what was given up, and how to go on
 * @throws HoldfastError `STORE_UNAVAILABLE`, `STORE_LOCKED`, `STORE_FORMAT_UNKNOWN`
 */
export async function runSend(plan: SendPlan, interruption: Interruption): Promise<void> {
  const rows = await check(plan, interruption);
  const transport = createTransport(plan.transport);
  const deadLettersMaxMessages = DEAD_LETTERS_MAX_MESSAGES;
  const channel = await openReliableChannel({ transport, store: lmdbStore(plan.outbox), deadLettersMaxMessages });
  const run = new SendRun(plan, channel, rows);
  const notices = new ConnectionNotices(plan.transport.deviceId, plan.target, {
    say: (line) => run.say(line),
    giveUp: (reason) => run.end({ what: reason, exitCode: EXIT_CODE.failure }),
  });
  const onInterrupted = (): void => run.end({ what: 'interrupted', exitCode: interruption.exitCode });
  if (interruption.signal.aborted) onInterrupted();
  interruption.signal.addEventListener('abort', onInterrupted, { once: true });
  const stopWatching = [
    notices.watch(transport),
    plan.timeoutMs === undefined
      ? undefined
      : watchAcks(channel, plan.timeoutMs, () => run.end(overdue(plan, notices))),
  ];
  try {
    await run.work();
  } finally {
    interruption.signal.removeEventListener('abort', onInterrupted);
    for (const stop of stopWatching) stop?.();
    await channel.close();
    await transport.disconnect();
  }
  run.conclude();
}

/** Reads the whole input once, where that can be done, before anything is sent. Returns how many messages it holds. */
async function check(plan: SendPlan, interruption: Interruption): Promise<number | undefined> {
  if (plan.source === undefined) return 0;
  if (!plan.source.isRepeatable) return undefined;
  const progress = progressOf(plan, 'checking', undefined);
  try {
    const count = await checkReadings(plan.source.read(interruption.signal), plan.name, (done) =>
      progress?.update(done),
    );
    if (!interruption.signal.aborted) return count;
  } catch (error) {
    if (!(error instanceof ReadingError)) throw error;
    throw new CommandError(`${withSource(error, plan.source).message}; nothing was sent`, { cause: error });
  } finally {
    progress?.stop();
  }
  const message = `interrupted while ${plan.source.name} was checked; nothing was sent`;
  throw new CommandError(message, { exitCode: interruption.exitCode });
}

class SendRun {
  readonly #plan: SendPlan;
  readonly #channel: ReliableChannel;
  readonly #feed: OutboxFeed;
  readonly #progress: Progress | undefined;
  readonly #stop = new AbortController();
  readonly #startedMs = performance.now();
  /** Messages of earlier runs that were in the outbox when this one began. */
  readonly #earlierMessages: number;
  #ending: Ending | undefined;
  /** What is wrong with the input, or with the store. */
  #fault: unknown;
  /** Whether all of the input is in the outbox. */
  #isTaken = false;

  /** @param rows - how many messages the source holds; `undefined`: not known */
  constructor(plan: SendPlan, channel: ReliableChannel, rows: number | undefined) {
    this.#plan = plan;
    this.#channel = channel;
    this.#feed = new OutboxFeed(channel, plan.name, plan.sendOptions);
    this.#earlierMessages = channel.stats().outboxMessages;
    const total = rows === undefined ? undefined : rows + this.#earlierMessages;
    this.#progress = total === 0 ? undefined : progressOf(plan, 'sending', total);
  }

  say(line: string): void {
    if (this.#progress !== undefined) this.#progress.log(line);
    else this.#plan.stream?.write(`${line}\n`);
  }

  /** Ends the work early. The first reason counts. */
  end(ending: Ending): void {
    this.#ending ??= ending;
    this.#stop.abort();
  }

  /** Takes the input and waits for the acknowledgements. What goes wrong is kept for `conclude`. */
  async work(): Promise<void> {
    const { signal } = this.#stop;
    const stopWatching = this.#channel.observe((event) => {
      if (event.type === 'acknowledged') this.#progress?.update(this.#channel.stats().acknowledgedMessages);
      if (event.type === 'storeProblem') this.say(`the outbox has a problem: ${printable(event.detail)}`);
      if (event.type === 'recordQuarantined')
        this.say(`a record of the outbox can not be read, ${printable(event.key)}: ${printable(event.detail)}`);
    });
    try {
      if (this.#plan.source !== undefined) await this.#feed.take(this.#plan.source.read(signal), signal);
      this.#isTaken = !signal.aborted;
    } catch (error) {
      this.#fault = error;
    }
    // A bad line keeps nobody from delivering those before it; a broken store does.
    const canGoOn = this.#fault === undefined || this.#fault instanceof CommandError;
    if (canGoOn) await unlessAborted(this.#channel.drain(), signal);
    stopWatching();
    this.#progress?.stop();
  }

  /** Says how it ended. To be called when the channel is closed. @throws CommandError unless everything was acknowledged */
  conclude(): void {
    const { outboxMessages: kept, acknowledgedMessages } = this.#channel.stats();
    if (this.#fault !== undefined) throw this.#faultError(this.#fault, kept);
    if (kept === 0 && this.#isTaken) {
      const given = givenUp(this.#channel.stats(), this.#plan.outbox);
      if (given !== undefined) throw new CommandError(given);
      this.#plan.stream?.write(`${this.#success(acknowledgedMessages)}\n`);
      return;
    }
    const { what, exitCode } = this.#ending ?? { what: 'not everything was acknowledged', exitCode: EXIT_CODE.failure };
    throw new CommandError(`${what}; ${this.#howToGoOn(kept)}`, { exitCode });
  }

  #success(count: number): string {
    if (count === 0) return 'nothing to send';
    const earlier = this.#earlierMessages === 0 ? '' : `, ${this.#earlierMessages} of them from an earlier run`;
    const passed = duration((performance.now() - this.#startedMs) / 1_000);
    return `delivered ${counted(count, 'message')} in ${passed}${earlier}`;
  }

  #faultError(fault: unknown, kept: number): CommandError {
    const { source } = this.#plan;
    const named = fault instanceof ReadingError && source !== undefined ? withSource(fault, source) : fault;
    const message = named instanceof Error ? named.message : String(named);
    const exitCode = this.#ending?.exitCode ?? EXIT_CODE.failure;
    const ending = this.#ending === undefined ? '' : `; ${this.#ending.what}`;
    if (kept > 0) return new CommandError(`${message}${ending}; ${this.#howToGoOn(kept)}`, { exitCode, cause: fault });
    const given = givenUp(this.#channel.stats(), this.#plan.outbox);
    const before = `${counted(this.#feed.takenMessages, 'message')} before that ${isOrAre(this.#feed.takenMessages, 'was', 'were')}`;
    const rest = given ?? `the ${before} delivered`;
    return new CommandError(`${message}; ${rest}`, { exitCode, cause: fault });
  }

  /** What is kept, and how to go on without losing or repeating anything. */
  #howToGoOn(kept: number): string {
    const { source, outbox, fromLine } = this.#plan;
    const given = givenUp(this.#channel.stats(), outbox);
    const waiting =
      kept === 0 ? 'nothing is kept' : `${counted(kept, 'message')} ${isOrAre(kept, 'is', 'are')} kept in ${outbox}`;
    const where = given === undefined ? waiting : `${given}; ${waiting}`;
    const drain = 'run again with --drain in place of the input to deliver what is kept';
    if (source === undefined) return `${where}; run again to deliver what is kept`;
    if (this.#isTaken) return `${where}; all of ${source.name} has been taken: ${drain}`;
    if (this.#feed.takenMessages === 0)
      return `${where}; nothing of ${source.name} has been taken: run again as before`;
    const lastLine = Math.max(this.#feed.lastLine, fromLine - 1);
    const taken = `${source.name} has been taken up to line ${lastLine}`;
    if (!source.isRepeatable) return kept === 0 ? `${where}; ${taken}` : `${where}; ${taken}: ${drain}`;
    return `${where}; ${taken}: run again with --from-line ${lastLine + 1}, or lines are sent twice`;
  }
}

function progressOf(plan: SendPlan, label: string, total: number | undefined): Progress | undefined {
  if (plan.stream === undefined) return undefined;
  return createProgress({ label, stream: plan.stream, ...(total !== undefined && { total }) });
}

function overdue(plan: SendPlan, notices: ConnectionNotices): Ending {
  const why = notices.trouble ?? 'the agent is connected, and does not acknowledge; see what it says';
  return { what: `no acknowledgement for ${(plan.timeoutMs ?? 0) / 1_000} s: ${why}`, exitCode: EXIT_CODE.failure };
}

function withSource(error: ReadingError, source: Source): ReadingError {
  return error.in(source.name);
}

function isOrAre(count: number, one: string, many: string): string {
  return count === 1 ? one : many;
}
