// `holdfast outbox`: what its options mean. The work is done in outbox/.

import type { StoredOutbox } from '@holdfast/reliable-channel';
import { type Command, InvalidArgumentError } from 'commander';
import { CommandError, UsageError } from '../command-error.js';
import { watchInterruption } from '../interruption.js';
import { jsonText } from '../json-text.js';
import {
  type Chosen,
  type Done,
  discardLetters,
  findLetter,
  type LetterWorkCallbacks,
  letterLines,
  retryLetters,
} from '../outbox/dead-letter-work.js';
import { type OutboxFolder, useOutbox } from '../outbox/outbox-folder.js';
import { listingLines, numberLines, readListing, readNumbers } from '../outbox/outbox-listing.js';
import { createProgress, type Progress } from '../progress.js';
import { counted } from '../terminal.js';

/** The options as commander hands them over. */
interface OutboxOptions extends OutboxFolder {
  readonly json?: true;
  readonly all?: true;
}

const HELP = `
No program may have the outbox open meanwhile. What retry puts back goes out with the next program that opens the
outbox, for example holdfast send --drain. A crash during retry can leave a message in both places, and it is
then handled twice, under two ids.

An agent's store has an outbox for each device: holdfast outbox ls --outbox ./holdfast-inbox --device press-7`;

/** Adds the command to the program. */
export function outboxCommand(program: Command): void {
  const outbox = program
    .command('outbox')
    .summary('see what waits in an outbox and what was given up; retry or discard that')
    .description('Looks after an outbox while no program uses it.')
    .addHelpText('after', HELP);
  withFolder(outbox.command('ls').description('Lists what waits, lane by lane, and the dead letters.'))
    .option('--json', 'as one line of JSON')
    .action(list);
  withFolder(outbox.command('show').description('Shows one dead letter whole.').argument('<id>', 'as ls says', idOf))
    .option('--json', 'as one line of JSON')
    .action(show);
  withFolder(outbox.command('retry').description('Puts dead letters back into the outbox.'))
    .argument('[id]', 'as ls says', idOf)
    .option('--all', 'all of them, oldest first')
    .action((id, options) =>
      work(id, options, retryLetters, 'back in the outbox; they go out with holdfast send --drain'),
    );
  withFolder(outbox.command('discard').description('Lets dead letters go for good.'))
    .argument('[id]', 'as ls says', idOf)
    .option('--all', 'all of them')
    .action((id, options) => work(id, options, discardLetters, 'discarded'));
  withFolder(outbox.command('stats').description('Says how much is in the outbox.'))
    .option('--json', 'as one line of JSON')
    .action(stats);
}

function withFolder(command: Command): Command {
  return command
    .option('--outbox <folder>', 'where messages wait', './holdfast-outbox')
    .option('--device <id>', "the outbox towards this device, in an agent's store");
}

async function list(options: OutboxOptions): Promise<void> {
  const listing = await useOutbox(options, say, readListing);
  print(options.json ? [jsonText(listing)] : listingLines(listing));
}

async function show(id: number, options: OutboxOptions): Promise<void> {
  const letter = await useOutbox(options, say, (outbox) => findLetter(outbox, id));
  print(options.json ? [jsonText(letter)] : letterLines(letter));
}

async function stats(options: OutboxOptions): Promise<void> {
  const numbers = await useOutbox(options, say, readNumbers);
  print(options.json ? [jsonText(numbers)] : numberLines(numbers));
}

async function work(
  id: number | undefined,
  options: OutboxOptions,
  run: (outbox: StoredOutbox, chosen: Chosen, callbacks: LetterWorkCallbacks) => Promise<Done>,
  what: string,
): Promise<void> {
  if ((id === undefined) === (options.all === undefined)) throw new UsageError('name one dead letter, or give --all');
  const interruption = watchInterruption();
  let progress: Progress | undefined;
  const onProgress = (count: number, total: number): void => {
    if (total > 1) progress ??= createProgress({ label: 'dead letters', total, stream: process.stderr });
    progress?.update(count);
  };
  try {
    const chosen: Chosen = id === undefined ? { all: true } : { id };
    const { signal } = interruption;
    const { done, left } = await useOutbox(options, say, (outbox) => run(outbox, chosen, { onProgress, signal }));
    progress?.stop();
    if (left > 0) {
      const message = `interrupted; ${counted(done, 'dead letter')} done, ${left} left as they were`;
      throw new CommandError(message, { exitCode: interruption.exitCode });
    }
    print([done === 0 ? 'no dead letters' : `${counted(done, 'dead letter')} ${what}`]);
  } finally {
    progress?.stop();
    interruption.release();
  }
}

function idOf(text: string): number {
  const id = /^\d{1,15}$/.test(text) ? Number(text) : 0;
  if (id < 1) throw new InvalidArgumentError('It must be the number of a dead letter, as holdfast outbox ls says it.');
  return id;
}

function print(lines: readonly string[]): void {
  process.stdout.write(`${lines.join('\n')}\n`);
}

function say(line: string): void {
  process.stderr.write(`${line}\n`);
}
