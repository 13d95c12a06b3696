import { describe, expect, it } from 'vitest';
import { eventRows } from '../../src/outcomes/event-rows.js';
import { at, madeUp, recordAll, step } from './rig.js';

function texts(...events: Parameters<typeof madeUp>[0]): string[] {
  return eventRows(madeUp(events)).map(({ atMs, lane, text }) => `${atMs} ${lane}: ${text}`);
}

describe('rows of events', () => {
  it('put the fill of one instant into one row, with its peak and the packets taken', () => {
    expect(
      texts(
        at(0, { type: 'filled', usedBytes: 0 }),
        at(50, { type: 'filled', usedBytes: 3_018 }),
        at(50, { type: 'taken', bytes: 576 }),
        at(50, { type: 'filled', usedBytes: 2_442 }),
        at(60, { type: 'filled', usedBytes: 3_456 }),
        at(90, { type: 'filled', usedBytes: 0 }),
      ),
    ).toEqual([
      '50 send buffer: from 0 over 3,018 to 2,442 bytes; the WiFi chip takes 1 packet',
      '60 send buffer: from 2,442 to 3,456 bytes',
      '90 send buffer: from 3,456 to 0 bytes',
    ]);
  });

  it('tell of a packet when it leaves the chip, and where it ends', () => {
    const [entered, left, arrived] = [
      step(1, 'chip', 'entered'),
      step(7, 'chip', 'left'),
      step(40.5, 'server', 'entered'),
    ];
    const again = step(4, 'chip', 'retransmitted');
    expect(texts(entered, left, arrived)).toEqual([
      '7 WiFi: a packet of 576 bytes leaves over the radio; it comes to the server at 40.5 ms',
    ]);
    expect(texts(entered, again, left)).toEqual([
      '7 WiFi: a packet of 576 bytes stays in the WiFi chip, sent again once by radio',
    ]);
    expect(texts(entered, again, again, step(9, 'chip', 'lost'))).toEqual([
      '9 WiFi: a packet of 576 bytes is lost in the WiFi chip, sent again 2 times by radio',
    ]);
  });

  it('tell of a packet for the device only when it does not come', () => {
    const about = { direction: 'down', bytes: 9 } as const;
    const [sent, stuck] = [step(1, 'server', 'entered', about), step(2, 'router', 'entered', about)];
    expect(texts(sent, stuck)).toEqual(['2 server: a packet of 9 bytes for the device stays in the router']);
    expect(texts(sent, stuck, step(9, 'chip', 'entered', about))).toEqual([]);
  });

  it('leave out segments without data', () => {
    expect(texts(step(1, 'chip', 'entered', { bytes: 0 }), step(2, 'chip', 'left', { bytes: 0 }))).toEqual([]);
  });

  it('stand in the order of what was recorded, and every call, result and handling is among them', async () => {
    for (const recording of await recordAll()) {
      const rows = eventRows(recording);
      const times = rows.map(({ atMs }) => atMs);
      expect(times, recording.outcome.id).toEqual([...times].sort((one, other) => one - other));
      const told = recording.events.filter(({ type }) => !['path', 'filled', 'taken'].includes(type));
      const lanes = rows.filter(({ text }) => !/ packet |^from /.test(text));
      expect(
        lanes.map(({ atMs }) => atMs),
        recording.outcome.id,
      ).toEqual(told.map(({ atMs }) => atMs));
    }
  });
});
