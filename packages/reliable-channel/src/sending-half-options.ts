// What a sending half is made of.

import type { Runtime } from '@holdfast/protocol';
import type { ChannelEvent } from './channel-events.js';
import type { CheckedStore } from './checked-store.js';
import type { SenderOptions } from './core/index.js';
import type { GroupCommit } from './group-commit.js';
import type { OpenMarks } from './marks-contract.js';
import type { MessageTelemetry } from './telemetry.js';

/** The parts that a sending half works with. */
export interface SendingHalfOptions {
  readonly runtime: Runtime;
  readonly store: CheckedStore;
  /** The one way to write the store. */
  readonly commits: GroupCommit;
  readonly sender: SenderOptions;
  readonly telemetry?: MessageTelemetry | undefined;
  /** Set: other tabs send through it, too. */
  readonly marks?: OpenMarks | undefined;
  /** Told in a turn of its own: observers may send and close. */
  emit(event: ChannelEvent): void;
}
