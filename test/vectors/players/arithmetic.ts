// Players of the cores that only compute: backoff, round trip, ack ranges.

import {
  AckRanges,
  type BackoffOptions,
  backoffDelayMs,
  backoffSpanMs,
  type RangeList,
  RoundTrip,
  type RoundTripOptions,
} from '@holdfast/protocol/core';
import { type CreatePlayer, type Json, unknownInput } from './player.js';

/** Backoff: `span` and `delay` after so many failures. */
export const playBackoff: CreatePlayer = (options, random) => {
  const bounds = options as unknown as BackoffOptions;
  return {
    play: (input) => {
      const failures = Number(input.failures);
      if (input.type === 'span') return [{ spanMs: backoffSpanMs(failures, bounds) }];
      if (input.type === 'delay') return [{ delayMs: backoffDelayMs(failures, bounds, random) }];
      return unknownInput(input);
    },
    state: () => ({}),
  };
};

/** Round trip: `measured`, `backOff`, `look`. */
export const playRoundTrip: CreatePlayer = (options) => {
  const core = new RoundTrip(options as unknown as RoundTripOptions);
  return {
    play: (input) => {
      if (input.type === 'measured') core.measured(Number(input.roundTripMs));
      else if (input.type === 'backOff') core.backOff();
      else if (input.type !== 'look') unknownInput(input);
      return [];
    },
    state: () => ({ smoothedMs: core.smoothedMs ?? null, timeoutMs: core.timeoutMs }),
  };
};

/** Ack ranges: `add`, `addRange`, `raiseFloor`, `has`, `snapshot`. */
export const playAckRanges: CreatePlayer = (options) => {
  const core = new AckRanges(options.initial === undefined ? undefined : (options.initial as unknown as RangeList));
  return {
    play: (input) => {
      switch (input.type) {
        case 'add':
          core.add(Number(input.sequence));
          return [];
        case 'addRange':
          core.addRange(Number(input.first), Number(input.last));
          return [];
        case 'raiseFloor':
          core.raiseFloor(Number(input.floor));
          return [];
        case 'has':
          return [{ isMember: core.has(Number(input.sequence)) }];
        case 'snapshot':
          return [core.snapshot(Number(input.rangesMax)) as unknown as Json];
        default:
          return unknownInput(input);
      }
    },
    state: () => ({ cumulative: core.cumulative, ranges: core.ranges as unknown as Json }),
  };
};
