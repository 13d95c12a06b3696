import { NACK_CODE } from '@holdfast/protocol/core';
import { beforeEach, describe, expect, it } from 'vitest';
import { type BatchRecord, decodeBatch, newEpoch, type SenderOutput } from '../../src/core/index.js';
import { ENTRY, EPOCH, OPTIONS, openedWith, SenderRig } from '../support/sender-rig.js';

describe('a sender', () => {
  let rig: SenderRig;

  beforeEach(() => {
    rig = new SenderRig();
  });

  /** Batch records of messages `first` to `last`, as a commit of one sender wrote them. */
  function batches(first: number, last: number): BatchRecord[] {
    const writer = new SenderRig({}, openedWith({ floor: first, next: first }));
    writer.send(last - first + 1);
    const commit = writer.take()[0] as Extract<SenderOutput, { type: 'commit' }>;
    return commit.operations.flatMap((operation) =>
      operation.type === 'put' && operation.key.includes('batch') ? [decodeBatch(operation.value) as BatchRecord] : [],
    );
  }

  describe('while down', () => {
    it('stores, and sends nothing', () => {
      rig.send(3);
      expect(rig.take().map(({ type }) => type)).toEqual(['commit']);
      rig.feed({ type: 'committed' });
      expect(rig.take()).toEqual([{ type: 'stored', lane: '', first: 1, last: 3 }]);
      expect([rig.sender.state, rig.sender.backlog, rig.sender.inFlight]).toEqual([
        'down',
        { messages: 3, bytes: 3 * ENTRY.length },
        0,
      ]);
      expect(rig.sender.nextTimeoutMs()).toBeUndefined();
    });

    it('opens the channel when the link comes up', () => {
      rig.sendStored(1);
      rig.take();
      rig.feed({ type: 'linkUp' });
      expect(rig.takeFrames()).toEqual([{ type: 'open', epoch: EPOCH, lanes: [{ lane: '', floor: 1 }] }]);
      expect(rig.sender.state).toBe('opening');
    });

    it('makes one commit of a turn, and the next one when that is done', () => {
      rig.send(3);
      rig.take();
      rig.send(1);
      rig.send(1);
      expect(rig.take()).toEqual([]);
      rig.feed({ type: 'committed' });
      const outputs = rig.take();
      expect(outputs.map(({ type }) => type)).toEqual(['stored', 'commit']);
      rig.feed({ type: 'committed' });
      expect(rig.take()).toEqual([{ type: 'stored', lane: '', first: 4, last: 5 }]);
    });
  });

  describe('while opening', () => {
    it('settles what is handled already and sends everything else', () => {
      rig.connect();
      rig.sendStored(8);
      rig.feed({ type: 'linkDown' });
      rig.take();
      rig.connect({ cumulative: 2, ranges: [{ first: 4, last: 4 }] });
      const outputs = rig.take();
      expect(outputs.filter(({ type }) => type === 'acknowledged')).toEqual([
        { type: 'acknowledged', lane: '', first: 1, last: 2 },
        { type: 'acknowledged', lane: '', first: 4, last: 4 },
      ]);
      const frames = outputs.flatMap((output) =>
        output.type === 'frame' && output.frame.type === 'data' ? [output.frame] : [],
      );
      expect(frames.map(({ first, count, after, floor }) => [first, count, after, floor])).toEqual([
        // The floor is what the store knows.
        [3, 1, 0, 1],
        [5, 4, 3, 1],
      ]);
      expect(rig.sender.state).toBe('open');
    });

    it('asks again when no answer comes, waiting twice as long each time', () => {
      rig.feed({ type: 'linkUp' });
      rig.takeFrames();
      const times: number[] = [];
      for (let second = 0; second < 200; second++) {
        rig.passTo(second * 1_000);
        if (rig.takeFrames().length > 0) times.push(second);
      }
      expect(times).toEqual([3, 9, 21, 45, 93, 153]);
    });

    it('sends no data, takes no acks, and believes no answer of another epoch', () => {
      rig.sendStored(2);
      rig.feed({ type: 'linkUp' });
      rig.feed({ type: 'room', bytes: 1_000 });
      rig.take();
      rig.ack(2);
      rig.frame({
        type: 'opened',
        epoch: '00000000000000bb',
        lanes: [{ lane: '', handled: { cumulative: 2, ranges: [] } }],
        credit: 9,
      });
      expect(rig.take()).toEqual([]);
      expect([rig.sender.state, rig.sender.backlog.messages]).toEqual(['opening', 2]);
    });

    it('goes on when the link is cut and comes back', () => {
      rig.feed({ type: 'linkUp' });
      rig.feed({ type: 'linkDown' });
      expect([rig.sender.state, rig.sender.nextTimeoutMs()]).toEqual(['down', undefined]);
      rig.take();
      rig.connect();
      expect(rig.takeFrames()).toHaveLength(1);
      expect(rig.sender.state).toBe('open');
    });
  });

  describe('that meets a receiver which knows more than was ever sent', () => {
    it('begins a new epoch, opens with it when it is stored, and loses nothing', () => {
      rig.sendStored(3);
      rig.connect({ cumulative: 500, ranges: [] });
      rig.take();
      const { epoch } = rig.sender;
      expect(epoch).not.toBe(EPOCH);
      expect([rig.sender.state, rig.sender.backlog.messages]).toEqual(['opening', 3]);
      rig.passTo(10_000);
      expect(rig.take().map(({ type }) => type)).toEqual(['commit']);
      rig.feed({ type: 'committed' });
      expect(rig.takeFrames()).toEqual([{ type: 'open', epoch, lanes: [{ lane: '', floor: 1 }] }]);
      rig.frame({ type: 'opened', epoch, lanes: [{ lane: '', handled: { cumulative: 0, ranges: [] } }], credit: 9 });
      expect(rig.takeRuns()).toEqual(['1-3']);
    });

    it('notices messages that were stored since, and never sent, as such', () => {
      // The store was put back to where 10 was next; the receiver has handled 15 of the life that is gone.
      rig = new SenderRig({}, openedWith({ floor: 10, next: 10 }));
      rig.sendStored(10);
      rig.connect({ cumulative: 15, ranges: [] });
      expect(rig.sender.epoch).not.toBe(EPOCH);
      expect(rig.sender.backlog.messages).toBe(10);
    });

    it('believes in what an earlier process can have sent', () => {
      rig = new SenderRig({}, openedWith({ next: 16, bytes: 150 }));
      rig.connect({ cumulative: 15, ranges: [] });
      expect([rig.sender.epoch, rig.sender.backlog.messages]).toEqual([EPOCH, 0]);
    });

    it('tries again later when the new epoch can not be stored, and meanwhile opens nothing', () => {
      rig.connect({ cumulative: 500, ranges: [] });
      rig.passTo(10_000);
      rig.feed({ type: 'commitFailed', detail: 'full' });
      rig.feed({ type: 'linkDown' });
      rig.feed({ type: 'linkUp' });
      rig.take();
      rig.passTo(39_999);
      expect(rig.take()).toEqual([]);
      rig.passTo(40_000);
      expect(rig.take().map(({ type }) => type)).toEqual(['commit']);
      rig.feed({ type: 'committed' });
      expect(rig.takeFrames()).toMatchObject([{ type: 'open' }]);
    });

    it('does not write in a hurry when the receiver always claims too much', () => {
      let commits = 0;
      rig.connect({ cumulative: 500, ranges: [] });
      for (let second = 1; second <= 600; second++) {
        rig.passTo(second * 1_000);
        for (const output of rig.take()) {
          if (output.type === 'commit') {
            commits += 1;
            rig.feed({ type: 'committed' });
            rig.frame({
              type: 'opened',
              epoch: rig.sender.epoch,
              lanes: [{ lane: '', handled: { cumulative: 500, ranges: [] } }],
              credit: 9,
            });
          }
        }
      }
      expect(commits).toBeLessThan(20);
    });

    it('ignores an ack for what was never sent', () => {
      rig.connect();
      rig.sendStored(3);
      rig.take();
      rig.ack(4);
      expect([rig.take(), rig.sender.backlog.messages]).toEqual([[], 3]);
    });
  });

  describe('while open', () => {
    beforeEach(() => {
      rig.connect();
      rig.take();
    });

    it('sends what is stored as soon as it is, and not before', () => {
      rig.send(2);
      expect(rig.takeFrames()).toEqual([]);
      rig.feed({ type: 'committed' });
      expect(rig.takeRuns()).toEqual(['1-2']);
    });

    it('sends nothing of a commit that failed, and goes on behind it', () => {
      rig.send(2);
      rig.take();
      rig.feed({ type: 'commitFailed', detail: 'the disk is full' });
      expect(rig.take()).toEqual([
        {
          ...{ type: 'givenUp', lane: '', first: 1, last: 2, attempts: 0 },
          outcome: { status: 'evicted', cause: 'storeFailed', reason: 'the disk is full' },
        },
      ]);
      rig.sendStored(1);
      expect(rig.takeRuns()).toEqual(['3-3']);
      expect(rig.sender.isOver('', 1)).toBe(true);
    });

    it('tells what is acknowledged once, and deletes it after a while', () => {
      rig.sendStored(2);
      rig.take();
      rig.ack(1);
      rig.ack(2);
      rig.ack(2);
      expect(rig.take()).toEqual([
        { type: 'acknowledged', lane: '', first: 1, last: 1 },
        { type: 'acknowledged', lane: '', first: 2, last: 2 },
      ]);
      rig.passTo(100);
      const commit = rig.take()[0];
      expect(commit?.type === 'commit' && commit.operations.map(({ type }) => type)).toEqual(['put', 'delete', 'put']);
      rig.feed({ type: 'committed' });
      expect(rig.sender.isStoreIdle).toBe(true);
    });

    it('sends no more than the credit allows, and goes on with more', () => {
      rig.ack(0, [], 3);
      rig.sendStored(10);
      // A lane leaves a ninth of what is free to others.
      expect(rig.takeRuns()).toEqual(['1-2']);
      rig.ack(2, [], 0);
      expect(rig.takeRuns()).toEqual([]);
      rig.ack(2, [], 5);
      expect(rig.takeRuns()).toEqual(['3-6']);
    });

    it('sends the oldest run again when its ack is overdue, waiting twice as long each time', () => {
      rig.sendStored(8);
      expect(rig.takeRuns()).toEqual(['1-5', '6-8']);
      const sent: string[] = [];
      for (let second = 1; second <= 100; second++) {
        rig.passTo(second * 1_000);
        for (const run of rig.takeRuns()) sent.push(`${second}: ${run}`);
      }
      expect(sent).toEqual(['3: 1-5', '9: 1-5', '21: 1-5', '45: 1-5', '93: 1-5']);
    });

    it('counts a late ack after it has sent again, and measures nothing by it (Karn’s rule)', () => {
      rig.sendStored(3);
      rig.passTo(3_000);
      rig.nowMs = 3_001;
      rig.ack(3);
      expect([rig.sender.backlog.messages, rig.sender.roundTripMs]).toEqual([0, undefined]);
      rig.sendStored(1);
      rig.nowMs = 3_101;
      rig.ack(4);
      expect(rig.sender.roundTripMs).toBe(100);
    });

    it('restarts its ack timer with every news, and stops it when all is acknowledged', () => {
      rig.sendStored(8);
      rig.nowMs = 2_000;
      rig.ack(5);
      expect(rig.sender.nextTimeoutMs()).toBe(2_100);
      rig.feed({ type: 'timeout' }, 2_100);
      rig.feed({ type: 'committed' });
      // The first round trip of 2000 ms, and four times half of it.
      expect(rig.sender.nextTimeoutMs()).toBe(8_000);
      rig.ack(8);
      rig.passTo(2_300);
      rig.feed({ type: 'committed' });
      expect(rig.sender.nextTimeoutMs()).toBeUndefined();
    });

    it.each([
      ['overloaded', NACK_CODE.overloaded],
      ['restarting', NACK_CODE.restarting],
      ['handlerFailed', NACK_CODE.handlerFailed],
      ['noHandler', NACK_CODE.noHandler],
    ])('sends again from the refused message after a wait: %s', (_, code) => {
      rig.sendStored(8);
      rig.takeRuns();
      rig.nack(3, code, 700);
      expect(rig.takeRuns()).toEqual([]);
      expect(rig.sender.inFlight).toBe(2);
      rig.sendStored(1);
      expect(rig.takeRuns()).toEqual([]);
      rig.passTo(699);
      expect(rig.takeRuns()).toEqual([]);
      rig.passTo(700);
      expect(rig.takeRuns()).toEqual(['3-7', '8-9']);
    });

    it('waits longer with every refusal of one message, and a bounded number of times a minute', () => {
      rig.sendStored(1);
      let attempts = rig.takeRuns().length;
      for (let now = 0; now < 600_000; now += 10) {
        rig.passTo(now);
        for (const _ of rig.takeRuns()) {
          attempts += 1;
          rig.nack(1, NACK_CODE.handlerFailed);
        }
        if (now === 0) rig.nack(1, NACK_CODE.handlerFailed);
      }
      expect(attempts).toBeGreaterThan(20);
      expect(attempts).toBeLessThan(40);
    });

    it('takes no nack for what it has not sent', () => {
      rig.sendStored(5);
      rig.take();
      rig.nack(6);
      expect([rig.takeRuns(), rig.sender.inFlight]).toEqual([[], 5]);
    });

    it('goes back to the oldest message that is not settled when an older one is refused', () => {
      rig.sendStored(5);
      rig.ack(2);
      rig.take();
      rig.nack(1);
      rig.passTo(200);
      expect([rig.takeRuns(), rig.sender.inFlight]).toEqual([['3-5'], 3]);
    });

    it('opens again when the receiver has forgotten it', () => {
      rig.sendStored(3);
      rig.take();
      rig.nowMs = 5_000;
      rig.nack(0, NACK_CODE.notOpen);
      rig.nack(0, NACK_CODE.notOpen);
      expect(rig.takeFrames()).toEqual([{ type: 'open', epoch: EPOCH, lanes: [{ lane: '', floor: 1 }] }]);
      rig.frame({
        type: 'opened',
        epoch: EPOCH,
        lanes: [{ lane: '', handled: { cumulative: 1, ranges: [] } }],
        credit: 9,
      });
      expect(rig.takeRuns()).toEqual(['2-3']);
    });

    it('opens at the pace of the ack timeout for a receiver that forgets at once', () => {
      rig.sendStored(1);
      let frames = rig.takeFrames().length;
      for (let now = 0; now < 600_000; now += 10) {
        rig.passTo(now);
        for (const frame of rig.takeFrames()) {
          frames += 1;
          if (frame.type === 'data') rig.nack(0, NACK_CODE.notOpen);
          else
            rig.frame({
              type: 'opened',
              epoch: EPOCH,
              lanes: [{ lane: '', handled: { cumulative: 0, ranges: [] } }],
              credit: 9,
            });
        }
        if (now === 0) rig.nack(0, NACK_CODE.notOpen);
      }
      expect(frames).toBeLessThan(40);
    });

    it('ignores every frame of another epoch', () => {
      rig.sendStored(3);
      rig.take();
      const epoch = '00000000000000bb';
      rig.frame({ type: 'ack', epoch, lane: '', handled: { cumulative: 3, ranges: [] }, credit: 0 });
      rig.frame({ type: 'nack', epoch, code: NACK_CODE.overloaded, lane: '', from: 1, retryAfterMs: 0, reason: '' });
      rig.frame({ type: 'nack', epoch, code: NACK_CODE.notOpen, lane: '', from: 0, retryAfterMs: 0, reason: '' });
      expect([rig.take(), rig.sender.inFlight, rig.sender.state]).toEqual([[], 3, 'open']);
    });

    it('has nothing in flight when the link is gone, and sends all of it again when it is back', () => {
      rig.sendStored(3);
      rig.feed({ type: 'linkDown' });
      expect([rig.sender.inFlight, rig.sender.nextTimeoutMs()]).toEqual([0, undefined]);
      rig.take();
      rig.connect({ cumulative: 1, ranges: [] });
      const data = rig.takeFrames().filter(({ type }) => type === 'data');
      expect(data).toMatchObject([{ first: 2, count: 2, attempt: 2 }]);
    });

    it('wants no timeout for a wait that the link has ended', () => {
      rig.sendStored(1);
      rig.nack(1, NACK_CODE.overloaded, 10_000);
      rig.feed({ type: 'linkDown' });
      rig.passTo(60_000);
      expect(rig.sender.nextTimeoutMs()).toBeUndefined();
      rig.take();
      rig.connect();
      expect(rig.takeRuns()).toEqual(['1-1']);
    });

    it('wants no timeout for a wait while it opens again', () => {
      rig.sendStored(2);
      rig.nowMs = 5_000;
      rig.nack(1, NACK_CODE.overloaded, 1_000);
      rig.nack(0, NACK_CODE.notOpen);
      rig.passTo(60_000);
      expect(rig.sender.state).toBe('opening');
    });
  });

  describe('that reads its store', () => {
    beforeEach(() => {
      rig = new SenderRig({ loadedMaxBytes: 100 }, openedWith({ next: 21, bytes: 20 * ENTRY.length }));
    });

    it('asks for the beginning, and sends what comes', () => {
      rig.connect();
      expect(rig.take().filter(({ type }) => type === 'load')).toEqual([
        { type: 'load', lane: '', from: 1, upTo: 20, maxBytes: 50 },
      ]);
      rig.feed({ type: 'loaded', lane: '', isDamaged: false, batches: batches(1, 10), upTo: 20 });
      expect(rig.takeRuns()).toEqual(['1-5', '6-10']);
      rig.ack(10);
      expect(rig.take()).toContainEqual({ type: 'load', lane: '', from: 11, upTo: 20, maxBytes: 50 });
    });

    it('tries again a while after a read failed', () => {
      rig.connect();
      rig.take();
      rig.feed({ type: 'loadFailed', lane: '' });
      rig.passTo(29_999);
      expect(rig.take()).toEqual([]);
      rig.passTo(30_000);
      expect(rig.take().map(({ type }) => type)).toEqual(['load']);
    });

    it('deletes what the receiver had handled before, once it is read', () => {
      rig.connect({ cumulative: 20, ranges: [] });
      rig.feed({ type: 'loaded', lane: '', isDamaged: false, batches: batches(1, 20), upTo: 20 });
      rig.take();
      rig.passTo(100);
      const commit = rig.take()[0];
      // Four batches, the record of the lane, and that of all lanes.
      expect(commit?.type === 'commit' && commit.operations).toHaveLength(6);
      expect(rig.sender.backlog).toEqual({ messages: 0, bytes: 0 });
    });
  });

  describe('that is closed', () => {
    it('sends nothing more, stores what it has, and deletes at once', () => {
      rig.connect();
      rig.sendStored(5);
      rig.ack(5);
      rig.send(2);
      rig.take();
      rig.feed({ type: 'close' });
      expect(rig.sender.isStoreIdle).toBe(false);
      rig.feed({ type: 'committed' });
      expect(rig.take()).toEqual([{ type: 'stored', lane: '', first: 6, last: 7 }]);
      expect([rig.sender.state, rig.sender.isStoreIdle]).toEqual(['closed', true]);
      rig.connect();
      rig.ack(7);
      expect(rig.take()).toEqual([]);
    });

    it('comes to rest although the store refuses the last deletions', () => {
      rig.connect();
      rig.sendStored(2);
      rig.ack(2);
      rig.take();
      rig.feed({ type: 'close' });
      expect(rig.take().map(({ type }) => type)).toEqual(['commit']);
      rig.feed({ type: 'commitFailed', detail: 'full' });
      expect([rig.sender.isStoreIdle, rig.sender.nextTimeoutMs(), rig.take()]).toEqual([true, undefined, []]);
    });

    it('wants no timeout for a read or a retry that is not to be any more', () => {
      rig = new SenderRig({}, openedWith({ next: 21, bytes: 200 }));
      rig.connect();
      rig.feed({ type: 'loaded', lane: '', isDamaged: false, batches: batches(1, 5), upTo: 20 });
      rig.nack(1, NACK_CODE.overloaded, 1_000);
      rig.feed({ type: 'loadFailed', lane: '' });
      rig.feed({ type: 'close' });
      rig.passTo(100_000);
      expect(rig.sender.nextTimeoutMs()).toBeUndefined();
    });
  });

  it('says whether one more message is within the limits', () => {
    rig = new SenderRig({ outboxMaxMessages: 2 });
    rig.send(2);
    expect([rig.refusal(), rig.sender.nextSequence('')]).toEqual(['outboxFull', 3]);
    rig.feed({ type: 'commitFailed', detail: 'full' });
    expect(rig.refusal()).toBeUndefined();
  });
});

it('an epoch is 64 random bits as 16 hex digits', () => {
  const words = [0, 0xff];
  expect(newEpoch(() => words.shift() as number)).toBe('00000000000000ff');
  expect(OPTIONS.keyPrefix).toBe('outbox');
});
