// The agent's one store: the inbox of every device, and the outbox towards each.

import { type ChannelEvent, type CheckedStore, GroupCommit } from '@holdfast/reliable-channel';
import { DeviceOutboxes } from './device-outboxes.js';
import type { AgentEvent } from './events.js';
import type { ResolvedAgentOptions } from './options.js';

/** The agent's store, the one way to write it, and what lies in it for devices. */
export interface AgentStore {
  readonly store: CheckedStore;
  readonly commits: GroupCommit;
  readonly outboxes: DeviceOutboxes;
}

/** Makes an agent's store of one that is open. @param emit - told what the channels towards devices have to tell */
export function openAgentStore(
  store: CheckedStore,
  { runtime, outbox: options, telemetry }: ResolvedAgentOptions,
  emit: (event: AgentEvent) => void,
): AgentStore {
  const commits = new GroupCommit(store, runtime);
  const told = (device: string, event: ChannelEvent): void => emit({ type: 'deviceChannel', device, event });
  return { store, commits, outboxes: new DeviceOutboxes({ runtime, store, commits, options, telemetry, emit: told }) };
}
