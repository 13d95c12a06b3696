// The outboxes of devices: what the agent sends through `agent.device(id)` waits here until the device has handled it, also
// while the device is away and while the agent does not run. One outbox a device, all in the store of the inbox.

import type { Runtime } from '@holdfast/protocol';
import {
  type ChannelEvent,
  type CheckedStore,
  type GroupCommit,
  hasOutbox,
  type MessageTelemetry,
  outboxKeyPrefix,
  resolveSendingOptions,
  SendingHalf,
  type SendingOptions,
} from '@holdfast/reliable-channel';

/** What the outboxes work with. */
export interface DeviceOutboxesParts {
  readonly runtime: Runtime;
  readonly store: CheckedStore;
  readonly commits: GroupCommit;
  readonly options: SendingOptions;
  readonly telemetry?: MessageTelemetry | undefined;
  emit(device: string, event: ChannelEvent): void;
}

/** An agent talks to many devices: of each it keeps little in memory, and more than one message of any size. */
const LOADED_MAX_BYTES = 512 * 1024;

/** Opens the sending halves of devices. */
export class DeviceOutboxes {
  readonly #parts: DeviceOutboxesParts;

  constructor(parts: DeviceOutboxesParts) {
    this.#parts = parts;
  }

  /** Opens the outbox of a device. @throws HoldfastError `STORE_FORMAT_UNKNOWN`, `STORE_FAILED` */
  open(device: string): Promise<SendingHalf> {
    const { runtime, store, commits, options, telemetry, emit } = this.#parts;
    const sender = { ...resolveSendingOptions(options, outboxKeyPrefix(device)), loadedMaxBytes: LOADED_MAX_BYTES };
    return SendingHalf.open({ runtime, store, commits, sender, telemetry, emit: (event) => emit(device, event) });
  }

  /** Opens the outbox of a device if it has ever had one. */
  async openIfAny(device: string): Promise<SendingHalf | undefined> {
    return (await hasOutbox(this.#parts.store, outboxKeyPrefix(device))) ? this.open(device) : undefined;
  }
}
