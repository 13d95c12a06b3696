// Players of what a sending half is made of: window, retry schedule, outbox; and of the transport's send buffer.

import type { BackoffOptions, RandomUint32, RangeList } from '@holdfast/protocol/core';
import {
  type BatchRecord,
  type Importance,
  type InFlightRun,
  NO_DEAD_LETTERS,
  NO_TRAITS,
  type OpenedOutbox,
  Outbox,
  type OutboxLane,
  type OutboxOptions,
  type OutgoingMessage,
  RetrySchedule,
  type StoreOperation,
  Window,
  WindowBudget,
  type WindowOptions,
} from '@holdfast/reliable-channel/core';
import { SendBuffer, type SendBufferOptions } from '@holdfast/transport/core';
import { bytesOf, type CreatePlayer, hexOf, type Json, type JsonObject, type Player, unknownInput } from './player.js';

/** Send buffer: `write`, `peek`, `release`, `take`, `grow`, `clear`, `reset`. */
export const playSendBuffer: CreatePlayer = (options) => {
  const core = new SendBuffer(options as unknown as SendBufferOptions);
  return {
    play: (input) => {
      switch (input.type) {
        case 'write':
          return [{ writtenBytes: core.write(bytesOf(input.hex), Number(input.offset ?? 0)) }];
        case 'peek':
          return [{ hex: hexOf(core.peek(Number(input.maxBytes))) }];
        case 'release':
          core.release(Number(input.bytes));
          return [];
        case 'take':
          return [{ hex: take(core, Number(input.bytes)) }];
        case 'grow':
          return [{ beforeBytes: core.grow(Number(input.bytes)) }];
        case 'clear':
          core.clear();
          return [];
        case 'reset':
          core.reset();
          return [];
        default:
          return unknownInput(input);
      }
    },
    state: () => ({ capacityBytes: core.capacityBytes, usedBytes: core.usedBytes, freeBytes: core.freeBytes }),
  };
};

/** What leaves when a link takes so many bytes. Pieces end where our ring does, which is no part of the contract. */
function take(core: SendBuffer, bytes: number): string {
  let hex = '';
  for (let left = bytes; left > 0 && core.usedBytes > 0; ) {
    const piece = core.peek(left);
    if (piece.length === 0) break;
    hex += hexOf(piece);
    left -= piece.length;
    core.release(piece.length);
  }
  return hex;
}

/**
 * Window: `credit`, `sent`, `acknowledged`, `markOldestResent`, `dropFrom`, `clear`, `look`. An input can name a lane; the state
 * is that of the budget, and of the lane that was named last.
 */
export const playWindow: CreatePlayer = (options) => {
  const budget = new WindowBudget(options as unknown as WindowOptions);
  const lanes = new Map<string, Window>();
  let core = new Window(budget);
  lanes.set('', core);
  return {
    play: (input, atMs) => {
      const lane = String(input.lane ?? '');
      core = lanes.get(lane) ?? new Window(budget);
      lanes.set(lane, core);
      switch (input.type) {
        case 'credit':
          budget.setCredit(Number(input.messages));
          return [];
        case 'sent':
          core.onSent({
            first: Number(input.first),
            last: Number(input.last),
            bytes: Number(input.bytes),
            sentAtMs: atMs,
            sentOnce: input.sentOnce !== false,
          });
          return [];
        case 'acknowledged':
          return [{ measuredMs: core.onAcknowledged(input as unknown as RangeList, atMs) ?? null }];
        case 'markOldestResent':
          core.markResent(core.oldest as InFlightRun);
          return [];
        case 'dropFrom':
          core.dropFrom(Number(input.sequence));
          return [];
        case 'clear':
          core.clear();
          return [];
        case 'look':
          return [];
        default:
          return unknownInput(input);
      }
    },
    state: () => ({
      messages: budget.messages,
      roomMessages: budget.roomMessages,
      roomBytes: budget.roomBytes,
      laneRoomMessages: core.roomMessages,
      oldest: core.oldest === undefined ? null : [core.oldest.first, core.oldest.last],
    }),
  };
};

/** Retry schedule: `refused`, `opened`, `look`. */
export const playRetrySchedule: CreatePlayer = (options, random: RandomUint32): Player => {
  const core = new RetrySchedule(random);
  const backoff = options as unknown as BackoffOptions;
  let nowMs = 0;
  return {
    play: (input, atMs) => {
      nowMs = atMs;
      const { sequence, retryAfterMs } = input;
      if (input.type === 'refused') {
        core.onRefused({ sequence: Number(sequence), retryAfterMs: Number(retryAfterMs), backoff }, atMs);
      } else if (input.type === 'opened') core.clear();
      else if (input.type !== 'look') unknownInput(input);
      return [];
    },
    state: () => ({ isWaiting: core.isWaiting(nowMs), nextTimeoutMs: core.nextTimeoutMs(nowMs) ?? null }),
  };
};

/**
 * Outbox: `collect`, `beginCommit`, `committed`, `commitFailed`, `settle`, `cancel`, `loaded`, `renew`, and questions. An input can
 * name a lane; the state is that of the outbox, and of the lane that was named last. The lane `''` always exists.
 */
export const playOutbox: CreatePlayer = (options) => {
  const { meta, ...bounds } = options;
  const core = new Outbox({ ...OUTBOX_DEFAULTS, ...bounds } as unknown as OutboxOptions, openedOf(meta as JsonObject));
  let name = '';
  const lane = (): OutboxLane => core.lane(name) as OutboxLane;
  return {
    play: (input) => {
      name = String(input.lane ?? '');
      switch (input.type) {
        case 'collect':
          return [{ sequence: core.collect(messageOf(input), 0) }];
        case 'beginCommit':
          core.routeCollected(() => false, false);
          return core.beginCommit(0, 0).map(describeOperation);
        case 'committed':
          return [core.onCommitted() as unknown as Json];
        case 'commitFailed':
          return [{ failed: core.onCommitFailed() as unknown as Json }];
        case 'settle':
          return [{ news: core.settle(lane(), input as unknown as RangeList) as unknown as Json }];
        case 'cancel':
          return [{ atOnce: core.giveUp(lane(), Number(input.sequence), CANCELLED) as unknown as Json }];
        case 'loaded': {
          const batches = (input.batches as readonly JsonObject[]).map((batch) => batchOf(name, batch));
          return [{ missing: core.onLoaded(name, batches, Number(input.upTo)) as unknown as Json }];
        }
        case 'renew':
          core.renew(String(input.epoch));
          return [];
        case 'accepts':
          return [{ isAccepted: !core.intake.isFullFor(Number(input.bytes)) }];
        case 'nextSendable':
          return [{ sequence: lane().nextSendable(Number(input.sequence)) ?? null }];
        case 'unsettledBelow':
          return [{ sequence: lane().unsettledBelow(Number(input.sequence)) }];
        case 'wantsLoad':
          return [{ from: lane().unloadedFrom ?? null }];
        default:
          return unknownInput(input);
      }
    },
    state: () => ({
      nextSequence: lane()?.nextSequence ?? 1,
      floor: lane()?.floor ?? 1,
      certainFloor: lane()?.certainFloor ?? 1,
      messages: core.messageCount,
      bytes: core.bytes,
      isEpochStored: core.isEpochStored,
    }),
  };
};

const OUTBOX_DEFAULTS = {
  outboxMaxAgeMs: Number.POSITIVE_INFINITY,
  whenFull: 'reject',
  waitMaxMessages: 0,
  waitMaxBytes: 0,
  deadLettersMaxMessages: 0,
  deadLettersMaxBytes: 0,
};
const CANCELLED = { outcome: { status: 'cancelled', reason: 'called back' }, attempts: 0 } as const;

/** An outbox with one lane, the one without a name. */
function openedOf({ epoch, floor, next, bytes }: JsonObject): OpenedOutbox {
  const lane = { lane: '', floor: Number(floor), next: Number(next), reserved: 0, failedSequence: 0, failures: 0 };
  const meta = { epoch: String(epoch), ordinal: Number(next), bytes: Number(bytes), ageMs: 0, wallMs: 0 };
  return { meta, lanes: [lane], deadLetters: NO_DEAD_LETTERS };
}

function messageOf({ lane = '', hex, importance = 'critical' }: JsonObject): OutgoingMessage {
  return { lane: String(lane), entry: bytesOf(hex), importance: importance as Importance, traits: NO_TRAITS };
}

function describeOperation(operation: StoreOperation): Json {
  if (operation.type === 'delete') return { type: 'delete', key: operation.key };
  return { type: 'put', key: operation.key, hex: hexOf(operation.value) };
}

function batchOf(lane: string, batch: JsonObject): BatchRecord {
  const entries = bytesOf(batch.hex);
  const ends = Uint32Array.from(batch.ends as readonly number[]);
  const first = Number(batch.first);
  const rest = { ordinal: first, acceptedAtMs: 0, importance: 'critical', traits: [], settled: [] } as const;
  return { lane, first, count: ends.length, entries, ends, ...rest };
}
