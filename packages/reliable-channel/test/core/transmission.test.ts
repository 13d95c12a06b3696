import type { DataFrame } from '@holdfast/protocol/core';
import { beforeEach, describe, expect, it } from 'vitest';
import { AckTimer, Outbox, type OutboxLane, Transmission } from '../../src/core/index.js';
import { ENTRY, MESSAGE, OPTIONS, openedWith } from '../support/sender-rig.js';

const SIZE = ENTRY.length;

describe('a transmission', () => {
  let outbox: Outbox;
  let ackTimer: AckTimer;
  let transmission: Transmission;
  let frames: DataFrame[];

  function begin(options: Partial<typeof OPTIONS> = {}): void {
    outbox = new Outbox(OPTIONS, openedWith());
    ackTimer = new AckTimer(OPTIONS.ackTimeout);
    frames = [];
    transmission = new Transmission(
      { ...OPTIONS, ...options },
      { outbox, ackTimer, random: () => 0, emit: (frame) => frames.push(frame) },
    );
    transmission.setCredit(100);
    transmission.setRoom(100_000);
  }

  beforeEach(() => begin());

  function store(count: number, name = ''): void {
    for (let index = 0; index < count; index++) outbox.collect({ ...MESSAGE, lane: name }, 0);
    outbox.routeCollected(() => false, false);
    outbox.beginCommit(0, 0);
    outbox.onCommitted();
  }

  const lane = (): OutboxLane => outbox.lane('') as OutboxLane;

  function runs(): string[] {
    return frames.splice(0).map(({ first, count }) => `${first}-${first + count - 1}`);
  }

  it('cuts frames at their greatest size', () => {
    store(12);
    transmission.transmit(0);
    expect(runs()).toEqual(['1-5', '6-10', '11-12']);
    expect([transmission.inFlight, transmission.sentUpTo(''), ackTimer.deadlineMs]).toEqual([12, 12, 3_000]);
  });

  it('sends one message that is larger than frame, window and room', () => {
    begin({ dataFrameMaxBytes: 1, windowMaxBytes: 1 });
    transmission.setRoom(1);
    store(2);
    transmission.transmit(0);
    expect(runs()).toEqual(['1-1']);
    transmission.setRoom(1);
    transmission.transmit(0);
    expect(runs()).toEqual([]);
  });

  it('fills the window in messages and bytes, and goes on where it ended', () => {
    begin({ windowMaxBytes: 7 * SIZE });
    store(12);
    transmission.transmit(0);
    expect(runs()).toEqual(['1-5', '6-7']);
    outbox.settle(lane(), { cumulative: 5, ranges: [] });
    transmission.onAcknowledged(lane(), { cumulative: 5, ranges: [] }, true, 10);
    transmission.transmit(10);
    expect(runs()).toEqual(['8-12']);
  });

  it('sends while the send buffer has room, one frame beyond at most', () => {
    transmission.setRoom(60);
    store(12);
    transmission.transmit(0);
    expect(runs()).toEqual(['1-5']);
    transmission.setRoom(0);
    transmission.transmit(0);
    expect(runs()).toEqual([]);
    transmission.setRoom(1_000);
    transmission.transmit(0);
    expect(runs()).toEqual(['6-10', '11-12']);
  });

  it('does not send the oldest run again into a full send buffer, where it still lies', () => {
    store(2);
    transmission.transmit(0);
    runs();
    transmission.setRoom(0);
    transmission.resendOldest(3_000);
    expect([runs(), ackTimer.isRunning]).toEqual([[], true]);
    transmission.setRoom(100);
    transmission.resendOldest(6_000);
    expect(runs()).toEqual(['1-2']);
  });

  it('sends again only what is left of the oldest run', () => {
    store(5);
    transmission.transmit(0);
    runs();
    outbox.settle(lane(), { cumulative: 3, ranges: [] });
    transmission.onAcknowledged(lane(), { cumulative: 3, ranges: [] }, true, 10);
    transmission.resendOldest(3_000);
    expect(runs()).toEqual(['4-5']);
  });

  it('stops its timer when nothing is in flight', () => {
    store(1);
    transmission.transmit(0);
    transmission.stop();
    expect([transmission.inFlight, ackTimer.isRunning]).toEqual([0, false]);
    transmission.resendOldest(0);
    expect(ackTimer.isRunning).toBe(false);
  });

  it('goes back to a refused message in the middle of a run, and keeps what came before in flight', () => {
    store(10);
    transmission.transmit(0);
    runs();
    expect(transmission.onRefused(lane(), 3, 5)).toBe(true);
    expect(transmission.inFlight).toBe(2);
    expect(transmission.onRefused(lane(), 3, 5)).toBe(false);
    expect(transmission.onRefused(lane(), 4, 5)).toBe(false);
    transmission.transmit(5);
    expect(runs()).toEqual(['3-7', '8-10']);
    expect(transmission.onRefused(lane(), 1, 5)).toBe(true);
    expect([transmission.inFlight, ackTimer.isRunning]).toEqual([0, false]);
  });

  it('begins again with everything that is not settled', () => {
    store(6);
    transmission.transmit(0);
    runs();
    outbox.settle(lane(), { cumulative: 1, ranges: [{ first: 3, last: 4 }] });
    transmission.stop();
    transmission.begin();
    transmission.transmit(0);
    expect(runs()).toEqual(['2-2', '5-6']);
  });

  it('lets the lane of the highest priority go first, and others of one priority take turns', () => {
    begin({ lanePriorities: new Map([['alarms', 1]]) });
    store(8, 'a');
    store(8, 'b');
    store(8, 'alarms');
    transmission.transmit(0);
    const sent = frames.splice(0).map((frame) => `${frame.lane} ${frame.first}`);
    expect(sent).toEqual(['alarms 1', 'alarms 6', 'a 1', 'b 1', 'a 6', 'b 6']);
  });
});
