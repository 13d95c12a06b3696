// Where a channel and an agent write what happens: a port with the four levels that console and pino share. Messages are
// fixed texts; whatever varies is in the details, so that no text from a network can forge a line. What is logged at which
// level is a table in the README; data, headers, tokens, and texts that may quote data are never in it.

/** What varies in one line of a log, by name. */
export type LogDetails = Readonly<Record<string, unknown>>;

/** Takes lines of a log, message first: `console`, or something like it. */
export interface Logger {
  debug(message: string, details?: LogDetails): void;
  info(message: string, details?: LogDetails): void;
  warn(message: string, details?: LogDetails): void;
  error(message: string, details?: LogDetails): void;
}

/** Takes lines of a log, details first: a logger of pino, or something like it. */
export interface PinoLogger {
  debug(details: object, message: string): void;
  info(details: object, message: string): void;
  warn(details: object, message: string): void;
  error(details: object, message: string): void;
  /** pino has this method, and console has not: that tells them apart. */
  bindings(): object;
}

/** The levels, least first. */
export type LogLevel = keyof Logger;

const LEVELS: readonly LogLevel[] = ['debug', 'info', 'warn', 'error'];

/**
 * Makes one kind of logger of both kinds. For pino, an `error` among the details is named `err`, where pino looks for one.
 *
 * @throws TypeError when it is neither
 */
export function toLogger(given: Logger | PinoLogger): Logger {
  if (typeof given !== 'object' || given === null || !LEVELS.every((level) => typeof given[level] === 'function')) {
    throw new TypeError('logger must have the methods debug, info, warn and error, as console and pino do');
  }
  if (!('bindings' in given)) return given;
  const write =
    (level: LogLevel) =>
    (message: string, details: LogDetails = {}) => {
      const { error, ...others } = details;
      given[level](error === undefined ? details : { ...others, err: error }, message);
    };
  return { debug: write('debug'), info: write('info'), warn: write('warn'), error: write('error') };
}
