// The one check that every message passes before anything else happens to it, whichever way it is sent.

import { HoldfastError, hasLoneSurrogate, MESSAGE_MAX_BYTES, NAME_MAX_BYTES, utf8Length } from './core/index.js';
import { encodeData } from './data-encoder.js';

/** A message ready for a frame. `data` belongs to the caller only until the next message is encoded. */
export interface EncodedMessage {
  readonly name: string;
  readonly data: Uint8Array;
}

/**
 * Checks and encodes a message.
 *
 * @throws HoldfastError `NAME_TOO_LONG`, `MESSAGE_TOO_LARGE`, `DATA_NOT_SERIALISABLE` or `DATA_UNSAFE_KEY`
 */
export function encodeMessage(name: string, data: unknown): EncodedMessage {
  return checkMessage(name, encodeData(data));
}

/** Checks a message whose data is encoded already. @throws HoldfastError `NAME_TOO_LONG` or `MESSAGE_TOO_LARGE` */
export function checkMessage(name: string, data: Uint8Array): EncodedMessage {
  if (typeof name !== 'string' || name === '')
    throw new TypeError('a message needs a name: a string that is not empty');
  if (hasLoneSurrogate(name)) throw new TypeError('a message name holds half of a surrogate pair');
  const nameBytes = utf8Length(name);
  if (nameBytes > NAME_MAX_BYTES) {
    throw new HoldfastError('NAME_TOO_LONG', `the name has ${nameBytes} bytes; at most ${NAME_MAX_BYTES} are allowed`);
  }
  if (nameBytes + data.length > MESSAGE_MAX_BYTES) {
    const size = nameBytes + data.length;
    const advice = 'split it into several messages';
    throw new HoldfastError(
      'MESSAGE_TOO_LARGE',
      `name and data have ${size} bytes; at most ${MESSAGE_MAX_BYTES} are allowed; ${advice}`,
    );
  }
  return { name, data };
}
