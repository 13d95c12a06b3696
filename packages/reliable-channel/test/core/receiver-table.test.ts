import { LANES_MAX, NACK_CODE } from '@holdfast/protocol/core';
import { beforeEach, describe, expect, it } from 'vitest';
import { INBOX_RANGES_MAX, WAITING_MAX_BYTES } from '../../src/core/index.js';
import { EPOCH, FAILURE, OTHER_EPOCH, PAUSE, ReceiverRig } from '../support/core-rig.js';

const NOTHING = { cumulative: 0, ranges: [] };

describe('a receiver', () => {
  let rig: ReceiverRig;

  beforeEach(() => {
    rig = new ReceiverRig();
    rig.connect();
    rig.said();
  });

  describe('that gets a message', () => {
    it('hands it to the handler with everything that is known of it', () => {
      rig.data({ first: 1, lane: 'alarms', attempt: 3, headers: { traceparent: '00-1' } });
      expect(rig.delivered()).toEqual([
        {
          epoch: EPOCH,
          lane: 'alarms',
          sequence: 1,
          name: 'mm',
          headers: { traceparent: '00-1' },
          data: new Uint8Array(1),
          attempt: 3,
        },
      ]);
    });

    it('that is handled: drops it and says the ack again', () => {
      rig.data({ first: 1, count: 2 });
      rig.handledAndRecorded(1, 2);
      rig.said();
      rig.data({ first: 1, count: 2 });
      expect(rig.said()).toEqual(['ack 2']);
    });

    it('that is handled and not recorded yet: drops it, and acknowledges no more than what is recorded', () => {
      rig.data({ first: 1 });
      rig.handled(1);
      rig.said();
      rig.data({ first: 1 });
      expect(rig.said()).toEqual(['ack 0']);
      rig.recorded();
      expect(rig.said()).toEqual(['ack 1']);
    });

    it('that waits, or is with the handler: drops it without a word', () => {
      rig.data({ first: 1, count: 3 });
      rig.said();
      rig.data({ first: 1, count: 3, attempt: 2 });
      expect([rig.said(), rig.receiver.pendingCount]).toEqual([[], 3]);
    });

    it('that is too early: drops it without a word', () => {
      rig.data({ first: 3, after: 2 });
      expect([rig.said(), rig.receiver.pendingCount]).toEqual([[], 0]);
    });

    it('that is next: takes it behind what waits', () => {
      rig.data({ first: 1 });
      rig.data({ first: 2, after: 1 });
      rig.data({ first: 5, after: 2 });
      expect(rig.said()).toEqual(['deliver 1']);
      rig.handled(1);
      rig.handled(2);
      rig.handled(5);
      expect(rig.said()).toEqual(['deliver 2', 'record 1', 'deliver 5']);
    });

    it('that is next while it is paused, or full: gives it back', () => {
      rig.feed({ type: 'pause', pause: PAUSE });
      rig.data({ first: 1, count: 3 });
      const { code, retryAfterMs, reason } = PAUSE;
      expect(rig.frames()).toEqual([{ type: 'nack', epoch: EPOCH, lane: '', from: 1, code, retryAfterMs, reason }]);
      rig = new ReceiverRig({ credit: 2 });
      rig.connect();
      rig.data({ first: 1, count: 5 });
      expect(rig.said()).toEqual(['opened', 'nack 3 overloaded', 'deliver 1']);
    });
  });

  describe('and the order in a lane', () => {
    it('takes a message without a predecessor, whatever its number', () => {
      rig.data({ first: 7, after: 0 });
      expect(rig.said()).toEqual(['deliver 7']);
    });

    it('takes a message behind one that is handled, waits, or runs', () => {
      rig.data({ first: 1, count: 2 });
      rig.handled(1, 2);
      rig.data({ first: 5, after: 2 });
      rig.data({ first: 7, after: 5 });
      rig.data({ first: 9, after: 7 });
      expect(rig.receiver.pendingCount).toBe(3);
    });

    it('refuses a gap, and takes it once the predecessor is there', () => {
      rig.data({ first: 1 });
      rig.data({ first: 4, after: 3 });
      rig.data({ first: 3, after: 1 });
      rig.data({ first: 4, after: 3 });
      rig.handled(1);
      rig.handled(3);
      expect(rig.said()).toEqual(['deliver 1', 'deliver 3', 'record 1', 'deliver 4']);
    });

    it('takes the new part of a frame whose beginning is known', () => {
      rig.data({ first: 1, count: 3 });
      rig.handled(1);
      rig.said();
      rig.data({ first: 1, count: 6 });
      expect([rig.said(), rig.receiver.pendingCount]).toEqual([['ack 0'], 5]);
    });

    it('begins each message after the one before it was handled', () => {
      rig.data({ first: 1, count: 3 });
      expect(rig.said()).toEqual(['deliver 1']);
      rig.done(2);
      expect(rig.said()).toEqual([]);
      rig.handledAndRecorded(1);
      expect(rig.said()).toEqual(['deliver 2', 'record 1', 'ack 1']);
    });

    it('keeps lanes side by side, each with its own numbers and its own order', () => {
      rig.data({ first: 1, lane: 'a' });
      rig.data({ first: 1, lane: 'b' });
      rig.data({ first: 2, lane: 'a', after: 1 });
      rig.data({ first: 2, lane: 'b', after: 1 });
      expect(rig.said()).toEqual(['deliver a:1', 'deliver b:1']);
      rig.doneIn('b', 1);
      rig.recorded();
      expect(rig.said()).toEqual(['deliver b:2', 'record b:1', 'ack b:1']);
      rig.failed(1, { lane: 'a' });
      expect(rig.said()).toEqual(['nack a:1 handlerFailed']);
      rig.doneIn('b', 2);
      rig.recorded();
      expect(rig.said()).toEqual(['record b:2', 'ack b:2']);
    });
  });

  describe('whose handler succeeds', () => {
    it('acknowledges when that is recorded, and not before', () => {
      rig.data({ first: 1 });
      rig.said();
      rig.handled(1);
      expect(rig.said()).toEqual(['record 1']);
      rig.recorded();
      expect(rig.frames()).toEqual([
        { type: 'ack', epoch: EPOCH, credit: 100, lane: '', handled: { cumulative: 1, ranges: [] } },
      ]);
    });

    it('makes one record and one ack of a turn', () => {
      rig.data({ first: 1, count: 50 });
      rig.said();
      rig.handledAndRecorded(...Array.from({ length: 50 }, (_, index) => index + 1));
      expect(rig.said().filter((said) => !said.startsWith('deliver'))).toEqual(['record 50', 'ack 50']);
    });

    it('writes one record at a time, and then one of everything since', () => {
      rig.data({ first: 1, count: 3 });
      rig.handled(1);
      rig.said();
      rig.handled(2);
      rig.handled(3);
      expect(rig.said()).toEqual(['deliver 3']);
      rig.recorded();
      expect(rig.said()).toEqual(['ack 1', 'record 3']);
      expect(rig.receiver.isIdle).toBe(false);
      rig.recorded();
      expect([rig.said(), rig.receiver.isIdle]).toEqual([['ack 3'], true]);
    });

    it('acknowledges nothing while the inbox can not be written, and everything once it can', () => {
      rig.data({ first: 1, count: 2 });
      rig.handled(1);
      rig.feed({ type: 'recordFailed' });
      rig.said();
      rig.data({ first: 1, count: 2 });
      expect(rig.said()).toEqual(['ack 0', 'record 1']);
      rig.feed({ type: 'recordFailed' });
      rig.handledAndRecorded(2);
      expect(rig.said()).toEqual(['record 2', 'ack 2']);
    });

    it('records it while the link is away, and says so in the next opened', () => {
      rig.data({ first: 1 });
      rig.feed({ type: 'linkDown' });
      rig.said();
      rig.handledAndRecorded(1);
      expect(rig.said()).toEqual(['record 1']);
      rig.connect();
      expect(rig.said()).toEqual(['opened 1']);
    });

    it('does not take the same success twice', () => {
      rig.data({ first: 1, count: 2 });
      rig.handledAndRecorded(1);
      rig.said();
      rig.handled(1);
      expect([rig.said(), rig.receiver.pendingCount]).toEqual([[], 1]);
    });
  });

  describe('whose handler fails', () => {
    it('gives back the message and all behind it in the lane, with one nack', () => {
      rig.data({ first: 1, count: 5 });
      rig.handled(1);
      rig.said();
      rig.failed(2, { pause: { ...FAILURE, retryAfterMs: 50 } });
      expect(rig.frames()).toEqual([
        {
          type: 'nack',
          epoch: EPOCH,
          lane: '',
          from: 2,
          code: NACK_CODE.handlerFailed,
          retryAfterMs: 50,
          reason: 'no',
        },
      ]);
      expect(rig.receiver.pendingCount).toBe(0);
    });

    it('drops what is still under way behind it, and takes all of it when it comes again', () => {
      rig.data({ first: 1, count: 2 });
      rig.failed(1);
      rig.data({ first: 3, count: 2, after: 2 });
      expect(rig.said()).toEqual(['deliver 1', 'nack 1 handlerFailed']);
      rig.data({ first: 1, count: 4, attempt: 2 });
      expect([rig.said(), rig.receiver.pendingCount]).toEqual([['deliver 1'], 4]);
    });

    it('says nothing while the channel is not open', () => {
      rig.data({ first: 1, count: 2 });
      rig.feed({ type: 'linkDown' });
      rig.said();
      rig.failed(1);
      expect([rig.said(), rig.receiver.isIdle]).toEqual([[], true]);
    });
  });

  describe('that is paused', () => {
    beforeEach(() => {
      rig.data({ first: 1, count: 2, lane: 'a' });
      rig.data({ first: 3, count: 3, lane: 'b' });
      rig.said();
    });

    it('gives back what waits in every lane, and finishes what runs', () => {
      rig.feed({ type: 'pause', pause: PAUSE });
      expect(rig.said()).toEqual(['nack a:2 restarting', 'nack b:4 restarting']);
      expect([rig.receiver.pendingCount, rig.receiver.waitingCount]).toEqual([2, 0]);
      rig.done(1, { lane: 'a' });
      rig.doneIn('b', 3);
      rig.recorded();
      expect(rig.said()).toEqual(['record a:1 b:0,3-3', 'ack a:1', 'ack b:0,3-3']);
    });

    it('handles what waits when it was told to keep it, and gives back what is new', () => {
      rig.feed({ type: 'pause', pause: PAUSE, keepsWaiting: true });
      rig.data({ first: 6, lane: 'a', after: 2 });
      expect(rig.said()).toEqual(['nack a:6 restarting']);
      rig.doneIn('a', 1);
      expect(rig.said()).toEqual(['deliver a:2', 'record a:1']);
    });

    it('recognises what it knows, and takes new messages after resume', () => {
      rig.feed({ type: 'pause', pause: PAUSE });
      rig.said();
      rig.data({ first: 1, count: 2, lane: 'a' });
      expect(rig.said()).toEqual(['nack a:2 restarting']);
      rig.feed({ type: 'resume' });
      rig.data({ first: 1, count: 2, lane: 'a' });
      rig.doneIn('a', 1);
      expect(rig.said()).toEqual(['deliver a:2', 'record a:1']);
    });

    it('still opens the channel', () => {
      rig.feed({ type: 'pause', pause: PAUSE });
      rig.said();
      rig.connect();
      expect(rig.said()).toEqual(['opened a:0 b:0']);
    });
  });

  describe('whose sender raises its floor', () => {
    it('counts everything below as handled, at once and without a record', () => {
      rig.data({ first: 6, floor: 6 });
      rig.data({ first: 3, floor: 6 });
      expect(rig.said()).toEqual(['deliver 6', 'ack 5']);
    });

    it('never lowers it', () => {
      rig.data({ first: 6, floor: 6 });
      rig.connect(EPOCH, [{ lane: '', floor: 2 }]);
      rig.data({ first: 4, floor: 2 });
      expect(rig.said()).toEqual(['deliver 6', 'opened 5', 'ack 5']);
    });

    it('forgets the gaps below', () => {
      rig.data({ first: 2 });
      rig.data({ first: 4, after: 2 });
      rig.handledAndRecorded(2);
      rig.handledAndRecorded(4);
      rig.said();
      rig.connect(EPOCH, [{ lane: '', floor: 4 }]);
      expect(rig.said()).toEqual(['opened 4']);
    });

    it('drops what waits below, and finishes what runs', () => {
      rig.data({ first: 1, count: 5 });
      rig.said();
      rig.data({ first: 6, floor: 4, after: 5 });
      expect([rig.receiver.pendingCount, rig.receiver.waitingCount]).toEqual([4, 3]);
      // The sender knows of it all that it wants to know, so there is nothing to record.
      rig.handled(1);
      expect(rig.said()).toEqual(['deliver 4']);
    });

    it('drops everything that waits when all of it was given up', () => {
      rig.data({ first: 1, count: 3 });
      rig.connect(EPOCH, [{ lane: '', floor: 4 }]);
      expect([rig.receiver.pendingCount, rig.receiver.waitingCount]).toEqual([1, 0]);
      rig.said();
      rig.handled(1);
      rig.data({ first: 4, floor: 4 });
      expect(rig.said()).toEqual(['deliver 4']);
    });

    it('keeps the floor when a record from before it reaches the disk', () => {
      rig.data({ first: 1 });
      rig.handled(1);
      rig.data({ first: 9, floor: 9 });
      rig.said();
      rig.recorded();
      expect(rig.said()).toEqual(['ack 8']);
    });
  });

  describe('that meets another epoch', () => {
    it('begins with nothing handled and nothing waiting', () => {
      rig.data({ first: 1, count: 5 });
      rig.handledAndRecorded(1);
      rig.said();
      rig.connect(OTHER_EPOCH);
      expect(rig.frames()).toEqual([{ type: 'opened', epoch: OTHER_EPOCH, credit: 100, lanes: [] }]);
      expect(rig.receiver.pendingCount).toBe(0);
    });

    it('lets a handler of the old one finish and ignores what becomes of it', () => {
      rig.data({ first: 1, count: 2 });
      rig.connect(OTHER_EPOCH);
      rig.data({ first: 1, count: 2, epoch: OTHER_EPOCH });
      rig.said();
      rig.handled(1);
      rig.failed(1);
      expect([rig.said(), rig.receiver.pendingCount]).toEqual([[], 2]);
      rig.done(1, { epoch: OTHER_EPOCH });
      rig.feed({ type: 'turnEnded' });
      expect(rig.said()).toEqual(['deliver 2', 'record 1']);
      rig.recorded();
      expect(rig.disk.contents().record?.epoch).toBe(OTHER_EPOCH);
    });

    it('does not take a record of the old one for one of the new one', () => {
      rig.data({ first: 1 });
      rig.handled(1);
      rig.connect(OTHER_EPOCH);
      rig.data({ first: 1, epoch: OTHER_EPOCH });
      rig.done(1, { epoch: OTHER_EPOCH });
      rig.feed({ type: 'turnEnded' });
      rig.said();
      rig.recorded();
      expect(rig.said()).toEqual(['record 1']);
      rig.recorded();
      expect(rig.said()).toEqual(['ack 1']);
    });

    it('refuses data of it before its open, and goes on with the epoch it knows', () => {
      rig.data({ first: 1, epoch: OTHER_EPOCH });
      expect(rig.frames()).toMatchObject([
        { type: 'nack', epoch: OTHER_EPOCH, code: NACK_CODE.notOpen, lane: '', from: 0, retryAfterMs: 0 },
      ]);
      rig.data({ first: 1 });
      expect(rig.said()).toEqual(['deliver 1']);
    });
  });

  describe('and the connection', () => {
    it('answers data before the open with notOpen', () => {
      rig = new ReceiverRig();
      rig.feed({ type: 'linkUp' });
      rig.data({ first: 1 });
      expect(rig.said()).toEqual(['nack 0 notOpen']);
      rig.open();
      rig.feed({ type: 'linkDown' }, { type: 'linkUp' });
      rig.data({ first: 1 });
      expect(rig.said()).toEqual(['opened', 'nack 0 notOpen']);
    });

    it('is opened twice without harm', () => {
      rig.data({ first: 1, count: 3 });
      rig.handledAndRecorded(1);
      rig.said();
      rig.open();
      expect([rig.said(), rig.receiver.pendingCount]).toEqual([['opened 1'], 2]);
      rig.data({ first: 2, count: 3 });
      expect([rig.said(), rig.receiver.pendingCount]).toEqual([[], 3]);
    });

    it('drops what waits when the link goes, and not what runs', () => {
      rig.data({ first: 1, count: 3 });
      rig.data({ first: 4, count: 2, lane: 'b' });
      rig.feed({ type: 'linkDown' });
      expect([rig.receiver.pendingCount, rig.receiver.waitingCount]).toEqual([2, 0]);
      rig.said();
      rig.connect();
      rig.data({ first: 1, count: 3, attempt: 2 });
      expect(rig.said()).toEqual(['opened 0 b:0']);
      rig.handled(1);
      expect(rig.said()).toEqual(['deliver 2', 'record 1']);
    });

    it('ignores frames that are meant for a sending half', () => {
      rig.frame({ type: 'opened', epoch: EPOCH, credit: 1, lanes: [{ lane: '', handled: NOTHING }] });
      rig.frame({ type: 'ack', epoch: EPOCH, credit: 1, lane: '', handled: NOTHING });
      rig.frame({ type: 'results', epoch: EPOCH, lane: '', results: [{ sequence: 1, kind: 'rejected', reason: '' }] });
      rig.frame({
        type: 'nack',
        epoch: EPOCH,
        code: NACK_CODE.notOpen,
        lane: '',
        from: 0,
        retryAfterMs: 0,
        reason: '',
      });
      expect(rig.said()).toEqual([]);
    });

    it('goes on with what the inbox remembers', () => {
      const handled = { cumulative: 4, ranges: [{ first: 6, last: 7 }] };
      rig = new ReceiverRig({ lanes: [{ lane: '', handled }] });
      rig.connect();
      rig.data({ first: 4, count: 2 });
      rig.data({ first: 7, after: 5 });
      rig.data({ first: 8, after: 5 });
      expect(rig.said()).toEqual(['opened 4,6-7', 'deliver 5', 'ack 4,6-7', 'ack 4,6-7']);
      expect(rig.receiver.pendingCount).toBe(2);
    });
  });

  describe('and its bounds', () => {
    it('never holds more messages than its credit, but for one of each lane that holds none', () => {
      rig = new ReceiverRig({ credit: 10 });
      rig.connect();
      for (let first = 1; first < 200; first += 4) rig.data({ first, count: 4, lane: `${first % 3}` });
      expect(rig.receiver.pendingCount).toBe(10);
      rig.said();
      rig.data({ first: 1, count: 4, lane: 'quiet' });
      expect(rig.said()).toEqual(['nack quiet:2 overloaded', 'deliver quiet:1']);
      expect(rig.receiver.pendingCount).toBe(11);
    });

    it('holds bytes up to a bound, and takes again when there is room', () => {
      rig = new ReceiverRig();
      rig.connect();
      const dataBytes = WAITING_MAX_BYTES / 32;
      // The first one goes to the handler when the whole frame has been looked at.
      rig.data({ first: 1, count: 40, dataBytes });
      expect(rig.said()).toEqual(['opened', 'nack 33 overloaded', 'deliver 1']);
      rig.data({ first: 33, after: 32, dataBytes });
      rig.data({ first: 34, after: 33, dataBytes });
      expect(rig.said()).toEqual(['nack 34 overloaded']);
      rig.feed({ type: 'linkDown' });
      rig.connect();
      rig.data({ first: 1, count: 33, dataBytes });
      expect(rig.receiver.waitingCount).toBe(32);
    });

    it('takes a number however far away it is', () => {
      rig.data({ first: 2 ** 52 });
      rig.handledAndRecorded(2 ** 52);
      expect(rig.said()).toEqual([
        `deliver ${2 ** 52}`,
        `record 0,${2 ** 52}-${2 ** 52}`,
        `ack 0,${2 ** 52}-${2 ** 52}`,
      ]);
    });

    it('gives back what would make one gap too many, in all lanes together, and always takes the one behind cumulative', () => {
      for (let index = 0; index < INBOX_RANGES_MAX / 2; index++) {
        rig.data({ first: 2 * index + 2, lane: 'a' });
        rig.data({ first: 2 * index + 2, lane: 'b' });
        rig.done(2 * index + 2, { lane: 'a' });
        rig.done(2 * index + 2, { lane: 'b' });
      }
      rig.said();
      rig.data({ first: 2, lane: 'c' });
      rig.data({ first: INBOX_RANGES_MAX + 2, lane: 'a' });
      rig.data({ first: 1, lane: 'c' });
      rig.data({ first: INBOX_RANGES_MAX + 1, lane: 'a' });
      expect(rig.said()).toEqual([
        'nack c:2 overloaded',
        `nack a:${INBOX_RANGES_MAX + 2} overloaded`,
        'deliver c:1',
        `deliver a:${INBOX_RANGES_MAX + 1}`,
      ]);
      rig.data({ first: INBOX_RANGES_MAX + 3, floor: INBOX_RANGES_MAX + 3, lane: 'b' });
      expect(rig.said()).toEqual([`deliver b:${INBOX_RANGES_MAX + 3}`]);
    });

    it('counts the gaps before messages that wait or run, and no longer when they are given back', () => {
      rig = new ReceiverRig({ credit: 100_000 });
      rig.connect();
      for (let index = 1; index <= INBOX_RANGES_MAX; index++) {
        rig.data({ first: 2 * index, after: index === 1 ? 0 : 2 * index - 2 });
      }
      rig.said();
      const next = 2 * INBOX_RANGES_MAX + 2;
      rig.data({ first: next, after: next - 2 });
      expect(rig.said()).toEqual([`nack ${next} overloaded`]);
      rig.failed(2);
      rig.said();
      rig.data({ first: next });
      expect(rig.said()).toEqual([`deliver ${next}`]);
    });

    it('records as many ranges as there may be, more than an ack can name, and reads all of them back', () => {
      for (let sequence = 2; sequence <= 2 * INBOX_RANGES_MAX; sequence += 2) {
        rig.data({ first: sequence });
        rig.handledAndRecorded(sequence);
      }
      expect(rig.disk.contents().record?.lanes[0]?.handled.ranges).toHaveLength(INBOX_RANGES_MAX);
      rig.crash();
      rig.connect();
      rig.said();
      rig.data({ first: 2 * INBOX_RANGES_MAX });
      rig.data({ first: 1 });
      expect(rig.said().map((said) => said.slice(0, 9))).toEqual(['ack 0,2-2', 'deliver 1']);
    });

    it('has as many lanes as the protocol allows, and gives back those of a further one with a reason', () => {
      for (let index = 0; index < LANES_MAX; index++) {
        rig.data({ first: 1, lane: `${index}` });
        rig.done(1, { lane: `${index}` });
      }
      rig.recorded();
      rig.recorded();
      rig.said();
      rig.data({ first: 1, lane: 'one more' });
      expect(rig.frames()).toMatchObject([{ type: 'nack', lane: 'one more', code: NACK_CODE.overloaded }]);
      rig.data({ first: 2, lane: '7', after: 1 });
      expect(rig.said()).toEqual(['deliver 7:2']);
      rig.crash();
      rig.connect(EPOCH, [{ lane: 'one more', floor: 9 }]);
      rig.data({ first: 9, lane: 'one more', floor: 9 });
      expect(rig.said()[1]).toBe('nack one more:9 overloaded');
      rig.connect(OTHER_EPOCH);
      rig.said();
      rig.data({ first: 1, lane: 'one more', epoch: OTHER_EPOCH });
      expect(rig.said()).toEqual(['deliver one more:1']);
    });

    it('is idle when all is recorded', () => {
      rig.data({ first: 1, count: 3 });
      expect(rig.receiver.isIdle).toBe(false);
      rig.handled(1, 2, 3);
      expect(rig.receiver.isIdle).toBe(false);
      rig.recorded();
      expect([rig.receiver.isIdle, rig.receiver.nextTimeoutMs()]).toEqual([true, undefined]);
    });

    it('has nothing to do when time passes', () => {
      rig.data({ first: 1 });
      rig.said();
      rig.receiver.handle({ type: 'timeout' }, 1e9);
      expect(rig.said()).toEqual([]);
    });
  });
});
