// Who may come in. An agent asks one function; the one here compares tokens without telling, by the time it takes, how
// much of a wrong token was right.

import { createHash, timingSafeEqual } from 'node:crypto';

/** What a device says of itself when it dials. */
export interface DeviceHello {
  readonly deviceId: string;
  /** Empty when it gave none. Keep it out of logs. */
  readonly token: string;
  /** Where it dials from, for people. */
  readonly peer: string;
}

/** Whether a device may come in. When it throws, the device is asked to come again later. */
export type Authenticate = (hello: DeviceHello) => boolean | Promise<boolean>;

/**
 * Lets in the devices that know their token.
 *
 * @param tokens - the token of each device, by device id
 * @throws TypeError when a token is missing or empty
 */
export function deviceTokens(tokens: Readonly<Record<string, string>>): Authenticate {
  const known = new Map(Object.entries(tokens));
  for (const [deviceId, token] of known) checkToken(`the token of ${deviceId}`, token);
  // An unknown device takes as long as a known one.
  return ({ deviceId, token }) => isSameText(token, known.get(deviceId) ?? '') && known.has(deviceId);
}

/**
 * Lets in every device that knows the one token that all of them share. Whoever knows it can be any device, and as many as
 * it likes: `deviceTokens` is the safer choice.
 *
 * @throws TypeError when the token is missing or empty
 */
export function sharedToken(expected: string): Authenticate {
  checkToken('the shared token', expected);
  return ({ token }) => isSameText(token, expected);
}

function checkToken(what: string, token: unknown): void {
  if (typeof token !== 'string' || token === '') throw new TypeError(`${what} must be a text that is not empty`);
}

function isSameText(left: string, right: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(left), digest(right));
}
