// `holdfast bench`: what its options mean. The work is done in measuring/.

import { encodeMessage } from '@holdfast/protocol';
import { createTransport } from '@holdfast/transport';
import { type Command, Option } from 'commander';
import { figuresTable } from '../measuring/figures-table.js';
import { measureLink } from '../measuring/link-measurement.js';
import { bytesOf, secondsOf } from '../option-values.js';
import {
  addAddressOptions,
  addSecurityOptions,
  type ConnectionOptions,
  checkUsage,
  transportOf,
} from './connection-options.js';

/** The options as commander hands them over. */
interface BenchOptions extends ConnectionOptions {
  readonly name: string;
  readonly bytes: number;
  readonly seconds: number;
}

const HELP = `
The agent gets every message that is sent here: plain ones, and those of a channel, which it has to handle. An agent
of the command line does; another one needs a handler for the name. Messages are numbered by a store in memory.

Expected is what the measured round trip allows: WAIT_FOR_ACK sends one message, or eight, in each.`;

/** Adds the command to the program. */
export function benchCommand(program: Command): void {
  const command = program
    .command('bench')
    .summary('measure what waiting costs on the link to an agent')
    .description(
      'Sends messages to an agent under each policy and through the reliable channel, and says how fast each was.',
    );
  addAddressOptions(command)
    .option('--name <name>', 'the name of every message', 'bench')
    .addOption(new Option('--bytes <n>', 'the size of every message').argParser(bytesOf).default(512))
    .addOption(new Option('--seconds <seconds>', 'how long each way is measured').argParser(secondsOf).default(5));
  addSecurityOptions(command).addHelpText('after', HELP).action(bench);
}

async function bench(options: BenchOptions): Promise<void> {
  checkUsage(() => encodeMessage(options.name, new Uint8Array(options.bytes)));
  const transport = checkUsage(() => createTransport(transportOf(options)));
  try {
    const figures = await measureLink({
      ...{ transport, target: `${options.host}:${options.port}` },
      ...{ name: options.name, messageBytes: options.bytes, seconds: options.seconds },
      note: (text) => process.stderr.write(`measuring: ${text}\n`),
    });
    for (const line of figuresTable(figures, options.bytes)) process.stdout.write(`${line}\n`);
  } finally {
    await transport.disconnect();
  }
}
