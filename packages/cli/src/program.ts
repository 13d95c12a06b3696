// The commands, and the one place where errors become a line on stderr and an exit code.

import { InvariantError, isHoldfastError } from '@holdfast/protocol';
import { Command, CommanderError } from 'commander';
import { CommandError, EXIT_CODE } from './command-error.js';
import { agentCommand } from './commands/agent.js';
import { benchCommand } from './commands/bench.js';
import { demoCommand } from './commands/demo.js';
import { outboxCommand } from './commands/outbox.js';
import { sendCommand } from './commands/send.js';
import { colorsOf, printable, type TextStream } from './terminal.js';

/** Runs one command line and returns its exit code. @param argv - as Node gives it: node, script, arguments */
export async function runProgram(argv: readonly string[], version: string): Promise<number> {
  try {
    await createProgram(version).parseAsync(argv);
    return EXIT_CODE.success;
  } catch (error) {
    return reportError(error);
  }
}

/** Writes the line for an error and returns the exit code that belongs to it. With HOLDFAST_DEBUG, the stack as well. */
export function reportError(error: unknown, stream: TextStream = process.stderr): number {
  const { message, exitCode } = explain(error);
  if (message !== '') stream.write(`${colorsOf(stream).red('holdfast:')} ${printable(message)}\n`);
  if (process.env.HOLDFAST_DEBUG && message !== '' && error instanceof Error) stream.write(`${error.stack}\n`);
  return exitCode;
}

function createProgram(version: string): Command {
  const program = new Command('holdfast')
    .description('Messages for devices whose links fail: delivered until the agent has handled them, or kept.')
    .version(version)
    .exitOverride()
    // Commander would print what it throws; `reportError` does.
    .configureOutput({ outputError: () => {} })
    .showHelpAfterError(false);
  agentCommand(program);
  sendCommand(program);
  outboxCommand(program);
  benchCommand(program);
  demoCommand(program);
  return program;
}

function explain(error: unknown): { readonly message: string; readonly exitCode: number } {
  if (error instanceof CommanderError) return explainCommander(error);
  if (error instanceof CommandError) return { message: error.message, exitCode: error.exitCode };
  if (isHoldfastError(error)) return { message: error.message, exitCode: EXIT_CODE.failure };
  const message = error instanceof Error ? error.message : String(error);
  if (error instanceof InvariantError) {
    return { message: `this is a fault in Holdfast, please report it: ${message}`, exitCode: EXIT_CODE.failure };
  }
  return { message: message === '' ? 'something went wrong; set HOLDFAST_DEBUG to see where' : message, exitCode: 1 };
}

function explainCommander(error: CommanderError): { readonly message: string; readonly exitCode: number } {
  if (error.exitCode === 0) return { message: '', exitCode: EXIT_CODE.success };
  // Asked for nothing at all: the help has been shown.
  if (error.code === 'commander.help') return { message: '', exitCode: EXIT_CODE.usage };
  return { message: `${error.message.replace(/^error: /, '')}; see holdfast --help`, exitCode: EXIT_CODE.usage };
}
