// Players of what a sending half is made of: window, retry schedule, outbox; and of the transport's send buffer.

import type { RandomUint32, RangeList } from '@holdfast/protocol/core';
import {
  type InFlightRun,
  Outbox,
  type OutboxMeta,
  type OutboxOptions,
  RetrySchedule,
  type StoreOperation,
  Window,
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

/** Window: `credit`, `sent`, `acknowledged`, `markOldestResent`, `dropFrom`, `clear`. */
export const playWindow: CreatePlayer = (options) => {
  const core = new Window(options as unknown as WindowOptions);
  return {
    play: (input, atMs) => {
      switch (input.type) {
        case 'credit':
          core.setCredit(Number(input.messages));
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
        default:
          return unknownInput(input);
      }
    },
    state: () => ({
      messages: core.messages,
      roomMessages: core.roomMessages,
      roomBytes: core.roomBytes,
      oldest: core.oldest === undefined ? null : [core.oldest.first, core.oldest.last],
    }),
  };
};

/** Retry schedule: `refused`, `opened`, `look`. */
export const playRetrySchedule: CreatePlayer = (options, random: RandomUint32): Player => {
  const core = new RetrySchedule(options as unknown as { minMs: number; maxMs: number }, random);
  let nowMs = 0;
  return {
    play: (input, atMs) => {
      nowMs = atMs;
      if (input.type === 'refused') core.onRefused(Number(input.sequence), Number(input.retryAfterMs), atMs);
      else if (input.type === 'opened') core.onOpened();
      else if (input.type !== 'look') unknownInput(input);
      return [];
    },
    state: () => ({ isWaiting: core.isWaiting(nowMs), nextTimeoutMs: core.nextTimeoutMs(nowMs) ?? null }),
  };
};

/** Outbox: `collect`, `beginCommit`, `committed`, `commitFailed`, `settle`, `loaded`, `renew`, and questions. */
export const playOutbox: CreatePlayer = (options) => {
  const { meta, ...bounds } = options;
  const core = new Outbox(bounds as unknown as OutboxOptions, meta as unknown as OutboxMeta);
  return {
    play: (input) => {
      switch (input.type) {
        case 'collect':
          return [{ sequence: core.collect(bytesOf(input.hex)) }];
        case 'beginCommit':
          return core.beginCommit().map(describeOperation);
        case 'committed':
          return [{ stored: (core.onCommitted() ?? null) as unknown as Json }];
        case 'commitFailed':
          return [{ failed: (core.onCommitFailed() ?? null) as unknown as Json }];
        case 'settle':
          return [{ news: core.settle(input as unknown as RangeList) as unknown as Json }];
        case 'loaded':
          core.onLoaded((input.batches as readonly JsonObject[]).map(batchOf), Number(input.upTo));
          return [];
        case 'renew':
          core.renew(String(input.epoch));
          return [];
        case 'accepts':
          return [{ isAccepted: core.accepts(Number(input.bytes)) }];
        case 'nextSendable':
          return [{ sequence: core.nextSendable(Number(input.sequence)) ?? null }];
        case 'unsettledBelow':
          return [{ sequence: core.unsettledBelow(Number(input.sequence)) }];
        case 'wantsLoad':
          return [{ from: core.wantsLoad() ?? null }];
        default:
          return unknownInput(input);
      }
    },
    state: () => ({
      nextSequence: core.nextSequence,
      floor: core.floor,
      certainFloor: core.certainFloor,
      messages: core.messageCount,
      bytes: core.bytes,
      isEpochStored: core.isEpochStored,
    }),
  };
};

function describeOperation(operation: StoreOperation): Json {
  if (operation.type === 'delete') return { type: 'delete', key: operation.key };
  return { type: 'put', key: operation.key, hex: hexOf(operation.value) };
}

function batchOf(batch: JsonObject) {
  const entries = bytesOf(batch.hex);
  const ends = Uint32Array.from(batch.ends as readonly number[]);
  return { first: Number(batch.first), count: ends.length, lane: '', entries, ends };
}
