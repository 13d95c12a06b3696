// Why a server could not begin to listen, with what to do about it.

import { HoldfastError } from '@holdfast/protocol';

/** @param where - what was to be listened on, for people */
export function listenFailure(error: NodeJS.ErrnoException, where: string): HoldfastError {
  const advice =
    error.code === 'EADDRINUSE'
      ? 'the port is in use; choose another one, or end the program that has it'
      : error.code === 'EACCES'
        ? 'this user may not use that port; choose one above 1023'
        : error.message;
  return new HoldfastError('LISTEN_FAILED', `can not listen on ${where}: ${advice}`, { cause: error });
}
