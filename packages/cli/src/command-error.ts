// How a command ends when it does not end well. Whatever else is thrown is turned into one of these, or into a line of its
// own, in program.ts and nowhere else.

/** What a process tells the shell that started it. */
export const EXIT_CODE = Object.freeze({
  success: 0,
  failure: 1,
  usage: 2,
  /** Ended by Ctrl-C (SIGINT): 128 and the number of the signal, as shells count. */
  interrupted: 130,
  /** Ended by SIGTERM. */
  terminated: 143,
});

/** Ends a command with one line on stderr and an exit code. */
export class CommandError extends Error {
  override readonly name: string = 'CommandError';
  readonly exitCode: number;

  constructor(message: string, options: { readonly exitCode?: number; readonly cause?: unknown } = {}) {
    super(message, { cause: options.cause });
    this.exitCode = options.exitCode ?? EXIT_CODE.failure;
  }
}

/** The command line asks for something that does not make sense; nothing has been done. */
export class UsageError extends CommandError {
  override readonly name = 'UsageError';

  constructor(message: string, options: { readonly cause?: unknown } = {}) {
    super(message, { ...options, exitCode: EXIT_CODE.usage });
  }
}
