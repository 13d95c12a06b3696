// `holdfast send`: what its options mean. The work is done in sending/.

import { encodeMessage } from '@holdfast/protocol';
import { LANE_MAX_BYTES } from '@holdfast/protocol/core';
import type { SendOptions as MessageOptions } from '@holdfast/reliable-channel';
import { createTransport } from '@holdfast/transport';
import { type Command, Option } from 'commander';
import { UsageError } from '../command-error.js';
import { watchInterruption } from '../interruption.js';
import { lineOf, secondsOf } from '../option-values.js';
import { chooseSource, FORMATS, type Format, type Source } from '../readings/source.js';
import { runSend, type SendPlan } from '../sending/send-run.js';
import {
  addAddressOptions,
  addSecurityOptions,
  type ConnectionOptions,
  checkUsage,
  transportOf,
} from './connection-options.js';

/** The options as commander hands them over. */
interface SendOptions extends ConnectionOptions {
  readonly format?: Format;
  readonly fromLine: number;
  readonly drain?: true;
  readonly name: string;
  readonly lane: string;
  readonly ttl?: number;
  readonly outbox: string;
  readonly timeout?: number;
  readonly quiet?: true;
}

const HELP = `
A file is checked as a whole before anything is sent: a bad row ends the command, and nothing has been sent.
Standard input is checked line by line; what came before a bad line is delivered.
CSV needs a header line. Each row becomes {column: value}; plain numbers become numbers, all else stays text.

Messages wait in the outbox until the agent has handled them, also across runs of this command. Ctrl-C keeps them
there and says how many. To deliver what an outbox holds and nothing else: holdfast send --drain

What the agent refuses for good, or so often that its attempts are used up, and what its --ttl has overtaken, is kept
as dead letters: see holdfast outbox ls. The command fails then.

Exit codes: 0 everything was acknowledged, 1 it was not, 2 the command line is wrong, 130 Ctrl-C.`;

/** Adds the command to the program. */
export function sendCommand(program: Command): void {
  const command = program
    .command('send')
    .summary('send each row of a file as a message, and wait until the agent has handled all')
    .description('Sends each row of CSV, or each line of JSON lines, as one message through the reliable channel.')
    .argument('[file]', 'what to send; - or nothing: standard input')
    .addOption(new Option('--format <format>', 'how it is written (default: as the extension says)').choices(FORMATS))
    .addOption(new Option('--from-line <n>', 'leave out what begins before this line').argParser(lineOf).default(1))
    .option('--drain', 'send nothing new: deliver what an earlier run has left in the outbox');
  addAddressOptions(command)
    .option('--name <name>', 'the name of every message', 'reading')
    .option('--lane <lane>', 'the lane of every message; order is kept within a lane', '')
    .addOption(
      new Option('--ttl <seconds>', 'a message that has waited so long is not sent any more').argParser(secondsOf),
    )
    .option('--outbox <folder>', 'where messages wait', './holdfast-outbox');
  addSecurityOptions(command)
    .addOption(
      new Option('--timeout <seconds>', 'give up after so long without an acknowledgement').argParser(secondsOf),
    )
    .option('--quiet', 'say nothing unless it fails')
    .addHelpText('after', HELP)
    .action(send);
}

async function send(file: string | undefined, options: SendOptions): Promise<void> {
  const plan = await planOf(file, options);
  const interruption = watchInterruption();
  try {
    await runSend(plan, interruption);
  } finally {
    interruption.release();
  }
}

async function planOf(file: string | undefined, options: SendOptions): Promise<SendPlan> {
  checkUsage(() => encodeMessage(options.name, null));
  const sendOptions = sendOptionsOf(options);
  const transport = transportOf(options);
  checkUsage(() => createTransport(transport));
  return {
    source: await sourceOf(file, options),
    fromLine: options.fromLine,
    name: options.name,
    sendOptions,
    transport,
    target: `${options.host}:${options.port}`,
    outbox: options.outbox,
    timeoutMs: options.timeout === undefined ? undefined : options.timeout * 1_000,
    stream: options.quiet === true ? undefined : process.stderr,
  };
}

function sendOptionsOf({ lane, ttl }: SendOptions): MessageOptions {
  if (Buffer.byteLength(lane) > LANE_MAX_BYTES)
    throw new UsageError(`--lane must have at most ${LANE_MAX_BYTES} bytes`);
  return { lane, ...(ttl !== undefined && { ttlMs: Math.max(1, Math.round(ttl * 1_000)) }) };
}

async function sourceOf(file: string | undefined, options: SendOptions): Promise<Source | undefined> {
  if (options.drain === true) {
    if (file !== undefined) throw new UsageError('--drain sends what is in the outbox; give it no input');
    return undefined;
  }
  if (file === undefined && process.stdin.isTTY) {
    throw new UsageError('there is nothing to send: name a file, pipe data in, or deliver the outbox with --drain');
  }
  return chooseSource({ file, format: options.format, fromLine: options.fromLine, stdin: process.stdin });
}
