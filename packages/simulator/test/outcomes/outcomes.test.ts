// The facts of each outcome, from the events of its run: the codes, what the agent got, and what came before what.

import { DISCONNECTED, NOT_CONNECTED, SEND_OK, TIMEOUT, WOULDBLOCK } from '@holdfast/transport';
import { beforeAll, describe, expect, it } from 'vitest';
import { eventsOf, type OutcomeEvent, type OutcomeRecording } from '../../src/outcomes/events.js';
import { journeysOf } from '../../src/outcomes/journeys.js';
import { OUTCOMES } from '../../src/outcomes/outcomes.js';
import { recordAll } from './rig.js';

const recordings = new Map<string, OutcomeRecording>();

beforeAll(async () => {
  for (const recording of await recordAll()) recordings.set(recording.outcome.id, recording);
});

function recordingOf(id: string): OutcomeRecording {
  const recording = recordings.get(id);
  if (recording === undefined) throw new Error(`there is no outcome ${id}`);
  return recording;
}

function codes(recording: OutcomeRecording): number[] {
  return eventsOf(recording, 'returned').map(({ code }) => code);
}

function handled(recording: OutcomeRecording): number[] {
  return eventsOf(recording, 'handled').map(({ message }) => message);
}

/** How long a call blocked, in milliseconds. */
function blockedMs(recording: OutcomeRecording, call: number): number {
  const [called, returned] = [eventsOf(recording, 'called'), eventsOf(recording, 'returned')];
  return (returned.find((event) => event.call === call)?.atMs ?? Number.NaN) - (called[call - 1]?.atMs ?? Number.NaN);
}

/** The types of the events that are not about bytes and packets, in their order. */
function story(recording: OutcomeRecording): OutcomeEvent['type'][] {
  return recording.events.map(({ type }) => type).filter((type) => !['path', 'filled', 'taken'].includes(type));
}

function fills(recording: OutcomeRecording): number[] {
  return eventsOf(recording, 'filled').map(({ usedBytes }) => usedBytes);
}

describe('outcomes', () => {
  it('have names of their own, and each of the five send codes is among them', () => {
    const ids = OUTCOMES.map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
    const all = new Set([...recordings.values()].flatMap(codes));
    expect([...all].sort()).toEqual([SEND_OK, NOT_CONNECTED, TIMEOUT, DISCONNECTED, WOULDBLOCK]);
  });

  it('send one thing at a time: nobody calls while an earlier call blocks', () => {
    for (const recording of recordings.values()) {
      const calls = story(recording).filter((type) => type === 'called' || type === 'returned');
      expect(calls, recording.outcome.id).toEqual(calls.map((_, index) => (index % 2 === 0 ? 'called' : 'returned')));
    }
  });
});

describe('WAIT_TIL_SENT', () => {
  it('S11 returns 0 as soon as the bytes are in the buffer, long before they have left it', () => {
    const recording = recordingOf('til-sent-0');
    expect(codes(recording)).toEqual([SEND_OK]);
    expect(blockedMs(recording, 1)).toBe(0);
    expect(story(recording)).toEqual(['called', 'returned', 'received', 'handled', 'serverAckSent', 'serverAckCame']);
    const last = eventsOf(recording, 'filled').at(-1);
    expect(last?.usedBytes).toBe(0);
    expect(last?.atMs).toBeGreaterThan(eventsOf(recording, 'returned')[0]?.atMs ?? Number.NaN);
  });

  it('S19 returns TIMEOUT when there is no room in time, and the connection is gone with all that was in the buffer', () => {
    const recording = recordingOf('til-sent-timeout');
    expect(codes(recording)).toEqual([SEND_OK, TIMEOUT]);
    expect(blockedMs(recording, 2)).toBe(250);
    expect(Math.max(...fills(recording))).toBe(recording.capacityBytes);
    expect(fills(recording).at(-1)).toBe(0);
    expect(story(recording).slice(-3)).toEqual(['called', 'disconnected', 'returned']);
    expect(handled(recording)).toEqual([]);
  });

  it('the radio tries each packet seven times before it is lost', () => {
    const lost = journeysOf(recordingOf('til-sent-timeout')).filter(({ bytes, end }) => bytes > 0 && end === 'lost');
    expect(lost).toHaveLength(5);
    // The last is one that was sent again from end to end, and was still in the chip when the connection went.
    expect(lost.map(({ vain }) => vain.length)).toEqual([6, 6, 6, 6, 2]);
  });

  it('S27 halts the program when there is no room in time; the send is made again in place, and returns 0', () => {
    const recording = recordingOf('til-sent-suspend');
    expect(codes(recording)).toEqual([SEND_OK, SEND_OK]);
    expect(story(recording)).toEqual([
      ...[
        'faultBegan',
        'called',
        'returned',
        'called',
        'disconnected',
        'suspended',
        'resumed',
        'connected',
        'returned',
      ],
      ...['received', 'handled', 'serverAckSent', 'serverAckCame'],
    ]);
    const [suspended] = eventsOf(recording, 'suspended');
    expect(suspended?.atMs).toBe(110 + 250);
    expect(blockedMs(recording, 2)).toBe((eventsOf(recording, 'resumed')[0]?.atMs ?? Number.NaN) - 110);
    expect(handled(recording)).toEqual([2]);
  });

  it('S16 a 0 is no delivery: what was in the buffer is lost with the connection', () => {
    for (const id of ['til-sent-timeout', 'til-sent-suspend', 'disconnected']) {
      const recording = recordingOf(id);
      expect(eventsOf(recording, 'returned')[0], id).toMatchObject({ message: 1, code: SEND_OK });
      expect(handled(recording), id).not.toContain(1);
    }
  });

  it('S20 returns WOULDBLOCK at once when there is no room now; nothing was taken, and a later try is handled once', () => {
    const recording = recordingOf('would-block');
    expect(codes(recording)).toEqual([SEND_OK, WOULDBLOCK, SEND_OK]);
    expect(blockedMs(recording, 2)).toBe(0);
    const refusedMs = eventsOf(recording, 'returned')[1]?.atMs;
    expect(eventsOf(recording, 'filled').filter(({ atMs }) => atMs === refusedMs)).toEqual([]);
    expect(story(recording)).not.toContain('disconnected');
    expect(handled(recording)).toEqual([1, 2]);
  });

  it('S15 returns DISCONNECTED when the connection goes during it; the half that had arrived is handled by nobody', () => {
    const recording = recordingOf('disconnected');
    expect(codes(recording)).toEqual([SEND_OK, DISCONNECTED, NOT_CONNECTED]);
    const [lost] = eventsOf(recording, 'disconnected');
    expect(eventsOf(recording, 'returned')[1]?.atMs).toBe(lost?.atMs);
    expect(blockedMs(recording, 3)).toBe(0);
    expect(journeysOf(recording).filter(({ bytes, end }) => bytes > 0 && end === 'arrived')).toHaveLength(4);
    expect(eventsOf(recording, 'received')).toEqual([]);
    expect(handled(recording)).toEqual([]);
  });
});

describe('WAIT_FOR_ACK', () => {
  it('S12 returns 0 when the server ack has come back, and the buffer is clear then', () => {
    const recording = recordingOf('for-ack-0');
    expect(codes(recording)).toEqual([SEND_OK]);
    expect(story(recording)).toEqual(['called', 'received', 'handled', 'serverAckSent', 'serverAckCame', 'returned']);
    expect(eventsOf(recording, 'returned')[0]?.atMs).toBe(eventsOf(recording, 'serverAckCame')[0]?.atMs);
    expect(fills(recording).at(-1)).toBe(0);
  });

  it('S17 a 0 is no delivery to the agent: one that restarts drops the message, and the sender sees no difference', () => {
    const [recording, other] = [recordingOf('for-ack-0-dropped'), recordingOf('for-ack-0')];
    expect(codes(recording)).toEqual([SEND_OK]);
    expect(handled(recording)).toEqual([]);
    expect(eventsOf(recording, 'dropped')).toMatchObject([{ message: 1, reason: 'restarting' }]);
    for (const type of ['called', 'returned', 'filled', 'taken', 'serverAckCame'] as const) {
      expect(eventsOf(recording, type), type).toEqual(eventsOf(other, type));
    }
  });

  it('S22 returns TIMEOUT without a server ack in time, although the agent has handled the message', () => {
    const recording = recordingOf('for-ack-timeout');
    expect(codes(recording)).toEqual([TIMEOUT]);
    expect(blockedMs(recording, 1)).toBe(250);
    expect(story(recording)).toEqual([
      ...['called', 'faultBegan', 'received', 'handled', 'serverAckSent', 'disconnected', 'returned'],
    ]);
    expect(handled(recording)).toEqual([1]);
    const ack = journeysOf(recording).find(({ direction, bytes }) => direction === 'down' && bytes > 0);
    expect(ack).toMatchObject({ end: 'underWay' });
    expect(ack?.steps.at(-1)?.stage).toBe('router');
  });

  it('S25 halts the program without a server ack in time; the send is made again, and the agent handles it twice', () => {
    const recording = recordingOf('for-ack-suspend');
    expect(codes(recording)).toEqual([SEND_OK]);
    expect(story(recording)).toEqual([
      ...['called', 'faultBegan', 'received', 'handled', 'serverAckSent', 'disconnected', 'suspended'],
      ...['resumed', 'connected', 'received', 'handled', 'serverAckSent', 'serverAckCame', 'returned'],
    ]);
    expect(handled(recording)).toEqual([1, 1]);
  });
});
