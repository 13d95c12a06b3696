// @ts-check
// The link between page and agent, which can be cut, go silent, and take its time: a proxy for real sockets.

import { startChaosProxy } from '@holdfast/simulator/chaos-proxy';

/** The round trip to begin with, in milliseconds: long enough to see messages on their way. */
const ROUND_TRIP_MS = 300;
/** More than the tabs of one browser need. */
const CONNECTIONS_MAX = 64;

/** @typedef {import('../page/site-state.js').LinkState} LinkState */

/** The link. Made by `startNetwork`. */
export class Network {
  #proxy;
  /** @type {LinkState} */
  #link = 'up';
  #roundTripMs = ROUND_TRIP_MS;

  /** @param {import('@holdfast/simulator/chaos-proxy').ChaosProxy} proxy */
  constructor(proxy) {
    this.#proxy = proxy;
    proxy.delay(ROUND_TRIP_MS / 2);
  }

  get port() {
    return this.#proxy.port;
  }

  get link() {
    return this.#link;
  }

  get roundTripMs() {
    return this.#roundTripMs;
  }

  /** @param {number} port - where the agent listens now */
  leadTo(port) {
    this.#proxy.retarget({ host: '127.0.0.1', port });
  }

  /** @param {number} roundTripMs */
  setRoundTrip(roundTripMs) {
    this.#roundTripMs = roundTripMs;
    this.#proxy.delay(roundTripMs / 2);
  }

  /** @param {LinkState} link */
  async setLink(link) {
    this.#proxy.blackHole(link === 'hole');
    await this.#proxy.refuse(link === 'cut');
    // A router that comes back knows nothing of the connections that it had, and resets them.
    if (link === 'cut' || this.#link === 'hole') this.#proxy.cut();
    this.#link = link;
  }

  /** Resets every connection and listens no more. */
  close() {
    return this.#proxy.close();
  }
}

/** Starts the link. @param {number} port - where the agent listens */
export async function startNetwork(port) {
  const target = { host: '127.0.0.1', port };
  return new Network(await startChaosProxy({ target, connectionsMax: CONNECTIONS_MAX }));
}
