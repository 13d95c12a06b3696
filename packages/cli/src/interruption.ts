// Ctrl-C and SIGTERM. The first one asks a command to come to a good end; the second one does not ask.

import { EXIT_CODE } from './command-error.js';

/** Watches for the wish to stop. */
export interface Interruption {
  /** Aborts with the first signal. */
  readonly signal: AbortSignal;
  /** What the process should exit with when it was this that ended it. */
  readonly exitCode: number;
  /** Gives the signals back to the system: the next one ends the process. */
  release(): void;
}

/** Takes SIGINT and SIGTERM over until `release`. */
export function watchInterruption(): Interruption {
  const abort = new AbortController();
  let exitCode: number = EXIT_CODE.interrupted;
  const onSignal = (name: NodeJS.Signals): void => {
    const code = name === 'SIGTERM' ? EXIT_CODE.terminated : EXIT_CODE.interrupted;
    if (abort.signal.aborted) process.exit(code);
    exitCode = code;
    abort.abort();
  };
  process.on('SIGINT', onSignal);
  process.on('SIGTERM', onSignal);
  return {
    signal: abort.signal,
    get exitCode() {
      return exitCode;
    },
    release: () => {
      process.off('SIGINT', onSignal);
      process.off('SIGTERM', onSignal);
    },
  };
}
