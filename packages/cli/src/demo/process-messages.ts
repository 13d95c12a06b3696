// What the demo's processes say to one another. Each part of the world runs in a process of its own, so that it can be
// killed, and the conductor talks to them over Node's own message pipe.

import type { WayName } from './way.js';

/** What the device's process is started with. */
export interface DeviceSettings {
  readonly way: WayName;
  readonly csv: string;
  /** Where the network takes connections. */
  readonly port: number;
  /** The folder of the outbox; only the reliable channel has one. */
  readonly outbox: string;
  /** The length of the stream, in milliseconds: reading i is there at i / n of it. */
  readonly streamMs: number;
  /** When the stream began, by the wall clock; a device that is started again goes on in the same stream. */
  readonly startedAtMs: number;
}

/** What the agent's process is started with. */
export interface AgentSettings {
  /** The file to which the handler writes what it has got. */
  readonly file: string;
  /** The folder of the inbox. */
  readonly inbox: string;
}

/** What the network's process is started with. */
export interface NetworkSettings {
  /** The agent's port. */
  readonly targetPort: number;
}

/** From the device. */
export type FromDevice =
  /** So many readings have been accepted: answered with 0, or stored. */
  | { readonly type: 'progress'; readonly accepted: number }
  /** Everything has been accepted, and with the reliable channel acknowledged. */
  | { readonly type: 'done'; readonly accepted: number };

/** To the agent. */
export type ToAgent =
  /** From now on every message takes this long; 0: no time. */
  | { readonly type: 'slow'; readonly handlerMs: number }
  /** End when everything that waits has been handled. */
  | { readonly type: 'finish' };

/** From the agent. */
export type FromAgent =
  | { readonly type: 'listening'; readonly port: number }
  | { readonly type: 'progress'; readonly delivered: number; readonly queued: number };

/** To the network. */
export type ToNetwork =
  | { readonly type: 'cut' }
  | { readonly type: 'blackHole'; readonly on: boolean }
  | { readonly type: 'refuse'; readonly on: boolean }
  | { readonly type: 'retarget'; readonly port: number };

/** From the network. */
export type FromNetwork = { readonly type: 'listening'; readonly port: number };

/** The settings that the conductor has put into this process's environment. */
export function processSettings<Settings>(): Settings {
  return JSON.parse(process.env.HOLDFAST_DEMO_SETTINGS ?? '{}') as Settings;
}

/** Tells the conductor; `onTold` is called when the message is on its way. A conductor that is gone is no error here. */
export function tellConductor(message: FromDevice | FromAgent | FromNetwork, onTold: () => void = () => {}): void {
  process.send?.(message, undefined, undefined, onTold);
}

/** Ends this process when the conductor is gone, so that a demo that dies leaves nothing running. */
export function endWithConductor(): void {
  process.on('disconnect', () => process.exit());
}
