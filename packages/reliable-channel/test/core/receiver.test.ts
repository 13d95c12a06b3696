import { LANES_MAX, NACK_CODE, REPLY_MAX_BYTES, RESULTS_MAX } from '@holdfast/protocol/core';
import { beforeEach, describe, expect, it } from 'vitest';
import { RESULTS_KEPT_MAX, RESULTS_KEPT_MAX_BYTES } from '../../src/core/index.js';
import { EPOCH, OTHER_EPOCH, PAUSE, ReceiverRig, reply } from '../support/core-rig.js';

const REFUSAL = { kind: 'rejected', reason: 'no' } as const;

let rig: ReceiverRig;

beforeEach(() => {
  rig = new ReceiverRig();
  rig.connect();
  rig.said();
});

describe('a receiver and the lanes of its sender', () => {
  it('goes on with every other lane while the handler of one is stuck', () => {
    rig.data({ first: 1, count: 50, lane: 'stuck' });
    for (let index = 0; index < 3; index++) {
      rig.data({ first: 1 + index, lane: 'other', after: index });
      rig.doneIn('other', 1 + index);
      rig.recorded();
    }
    expect(rig.said().filter((said) => said.startsWith('ack'))).toEqual(['ack other:1', 'ack other:2', 'ack other:3']);
  });

  it('takes a first message of every lane, however much a stuck one holds', () => {
    rig = new ReceiverRig({ credit: 4 });
    rig.connect();
    rig.data({ first: 1, count: 4, lane: 'stuck' });
    rig.said();
    for (const lane of ['a', 'b', 'c']) rig.data({ first: 1, count: 2, lane });
    expect(rig.said()).toEqual([
      'nack a:2 overloaded',
      'deliver a:1',
      'nack b:2 overloaded',
      'deliver b:1',
      'nack c:2 overloaded',
      'deliver c:1',
    ]);
    rig.doneIn('a', 1);
    rig.recorded();
    rig.said();
    rig.data({ first: 2, lane: 'a', after: 1 });
    expect(rig.said()).toEqual(['deliver a:2']);
  });

  it('puts all lanes into one record, and acknowledges those of which it says something new', () => {
    rig.data({ first: 1, lane: 'a' });
    rig.data({ first: 1, lane: 'b' });
    rig.data({ first: 1, lane: 'c' });
    rig.doneIn('a', 1);
    rig.recorded();
    rig.said();
    rig.done(1, { lane: 'b' });
    rig.doneIn('c', 1);
    rig.recorded();
    expect(rig.said()).toEqual(['record a:1 b:1 c:1', 'ack b:1', 'ack c:1']);
    expect(rig.disk.keys).toEqual(['inbox/press-7']);
  });

  it('raises the floor of each lane by itself', () => {
    rig.data({ first: 3, lane: 'a' });
    rig.data({ first: 3, lane: 'b' });
    rig.done(3, { lane: 'a' });
    rig.doneIn('b', 3);
    rig.recorded();
    rig.said();
    rig.open([
      { lane: 'b', floor: 3 },
      { lane: 'new', floor: 7 },
    ]);
    expect(rig.said()).toEqual(['opened a:0,3-3 b:3 new:6']);
  });

  it('may repeat after a crash what was handled and not recorded, and nothing else', () => {
    rig.data({ first: 1, count: 3 });
    rig.data({ first: 1, lane: 'a' });
    rig.done(1);
    rig.doneIn('a', 1);
    rig.recorded();
    rig.handled(2);
    rig.crash();
    rig.connect();
    rig.data({ first: 1, count: 3 });
    expect(rig.said()).toEqual(['opened 1 a:1', 'deliver 2', 'ack 1']);
  });
});

describe('a receiver and its record', () => {
  it('takes it when the commit really begins, with all that was handled until then', () => {
    rig.beginsAtOnce = false;
    rig.data({ first: 1, count: 3 });
    rig.handled(1);
    rig.handled(2);
    expect([rig.receiver.isRecording, rig.receiver.isIdle]).toEqual([false, false]);
    rig.said();
    rig.begin();
    expect([rig.said(), rig.receiver.isRecording]).toEqual([['record 2'], true]);
    rig.handled(3);
    expect(rig.said()).toEqual([]);
    rig.recorded();
    expect(rig.said()).toEqual(['ack 2']);
    rig.begin();
    rig.recorded();
    expect(rig.said()).toEqual(['record 3', 'ack 3']);
  });

  it('takes a commit that never began for one that failed, and asks for another', () => {
    rig.beginsAtOnce = false;
    rig.data({ first: 1 });
    rig.handled(1);
    rig.feed({ type: 'recordFailed' });
    rig.beginsAtOnce = true;
    rig.feed({ type: 'turnEnded' });
    expect(rig.said()).toEqual(['deliver 1', 'record 1']);
  });

  it('has nothing to say when there is nothing new', () => {
    rig.begin();
    rig.recorded();
    expect(rig.said()).toEqual(['record']);
  });
});

describe('a receiver and results', () => {
  /** How many results each frame has. */
  function resultCounts(): number[] {
    return rig.frames().flatMap((frame) => (frame.type === 'results' ? [frame.results.length] : []));
  }

  it('records an answer with its message, and says it before the ack', () => {
    rig.data({ first: 1, count: 3 });
    rig.done(1, { answer: reply(7) });
    rig.done(2);
    rig.done(3, { answer: REFUSAL });
    rig.feed({ type: 'turnEnded' });
    expect(rig.said()).toEqual(['deliver 1', 'deliver 2', 'deliver 3', 'record 3 + results 1=reply 7,3=rejected no']);
    rig.recorded();
    expect(rig.said()).toEqual(['results 1=reply 7,3=rejected no', 'ack 3']);
    expect([rig.receiver.keptResults, rig.receiver.isIdle]).toEqual([2, true]);
    expect(rig.disk.keys).toEqual(['inbox/press-7', 'inbox/press-7/results/00000000000001']);
  });

  it('costs nothing of this when a handler has nothing to say', () => {
    rig.data({ first: 1 });
    rig.handledAndRecorded(1);
    expect([rig.said(), rig.disk.keys]).toEqual([['deliver 1', 'record 1', 'ack 1'], ['inbox/press-7']]);
  });

  it('says them again after every open, before opened, and only those at or above the floors', () => {
    rig.data({ first: 1, count: 2 });
    rig.data({ first: 1, lane: 'a' });
    rig.done(1, { answer: reply(1) });
    rig.done(2, { answer: reply(2) });
    rig.done(1, { lane: 'a', answer: reply(3) });
    rig.feed({ type: 'turnEnded' });
    rig.recorded();
    rig.said();
    rig.open([{ lane: '', floor: 2 }]);
    expect(rig.said()).toEqual(['results 2=reply 2', 'results a:1=reply 3', 'opened 2 a:1']);
    rig.open([
      { lane: '', floor: 3 },
      { lane: 'a', floor: 2 },
    ]);
    expect(rig.said()).toEqual(['opened 2 a:1']);
    expect(rig.receiver.keptResults).toBe(0);
  });

  it('says one again when its message comes again', () => {
    rig.data({ first: 1, count: 3 });
    rig.done(1);
    rig.done(2, { answer: reply(2) });
    rig.done(3, { answer: reply(3) });
    rig.feed({ type: 'turnEnded' });
    rig.recorded();
    rig.said();
    rig.data({ first: 1, count: 2 });
    expect(rig.said()).toEqual(['results 2=reply 2', 'ack 3']);
    rig.data({ first: 1 });
    expect(rig.said()).toEqual(['ack 3']);
  });

  it('says none that is not on the disk', () => {
    rig.data({ first: 1 });
    rig.done(1, { answer: reply(1) });
    rig.feed({ type: 'turnEnded' });
    rig.said();
    rig.data({ first: 1 });
    rig.open();
    expect(rig.said()).toEqual(['ack 0', 'opened 0']);
    rig.feed({ type: 'recordFailed' });
    rig.feed({ type: 'turnEnded' });
    expect(rig.said()).toEqual(['record 1 + results 1=reply 1']);
    rig.recorded();
    expect(rig.said()).toEqual(['results 1=reply 1', 'ack 1']);
    expect(rig.disk.keys).toContain('inbox/press-7/results/00000000000001');
  });

  it('keeps them across a crash, and forgets each when the floor is above it', () => {
    rig.data({ first: 1, count: 3 });
    for (const sequence of [1, 2, 3]) {
      rig.done(sequence, { answer: reply(sequence) });
      rig.feed({ type: 'turnEnded' });
      rig.recorded();
    }
    rig.crash();
    rig.connect();
    expect(rig.said()).toEqual(['results 1=reply 1,2=reply 2,3=reply 3', 'opened 3']);
    rig.data({ first: 4, floor: 3 });
    rig.done(4, { answer: reply(4) });
    rig.feed({ type: 'turnEnded' });
    expect(rig.said()).toEqual(['deliver 4', 'record 4 - 1 - 2 + results 4=reply 4']);
    rig.recorded();
    expect(rig.disk.keys.slice(1).map((key) => key.slice(-1))).toEqual(['3', '4']);
    rig.crash();
    rig.connect(EPOCH, [{ lane: '', floor: 4 }]);
    expect(rig.said()).toEqual(['results 4=reply 4', 'opened 4']);
  });

  it('deletes a record when nothing in it is wanted, and tries again when that failed', () => {
    rig.data({ first: 1, count: 2 });
    rig.done(1, { answer: reply(1) });
    rig.done(2, { answer: reply(2) });
    rig.feed({ type: 'turnEnded' });
    rig.recorded();
    rig.data({ first: 3, floor: 2 });
    rig.handledAndRecorded(3);
    expect(rig.disk.keys).toHaveLength(2);
    rig.data({ first: 4, floor: 4 });
    rig.said();
    rig.handled(4);
    expect(rig.said()).toEqual(['record 4 - 1']);
    rig.feed({ type: 'recordFailed' }, { type: 'turnEnded' });
    expect(rig.said()).toEqual(['record 4 - 1']);
    rig.recorded();
    expect(rig.disk.keys).toEqual(['inbox/press-7']);
  });

  it('forgets those of an epoch that is over, on the disk too, and one that is on its way there', () => {
    rig.data({ first: 1, count: 2 });
    rig.done(1, { answer: reply(1) });
    rig.feed({ type: 'turnEnded' });
    rig.recorded();
    rig.done(2, { answer: reply(2) });
    rig.feed({ type: 'turnEnded' });
    rig.connect(OTHER_EPOCH);
    rig.said();
    rig.recorded();
    expect([rig.said(), rig.receiver.keptResults, rig.disk.keys.length]).toEqual([[], 0, 3]);
    rig.data({ first: 1, epoch: OTHER_EPOCH });
    rig.done(1, { epoch: OTHER_EPOCH });
    rig.feed({ type: 'turnEnded' });
    expect(rig.said()).toEqual(['deliver 1', 'record 1 - 1 - 2']);
    rig.recorded();
    expect(rig.disk.keys).toEqual(['inbox/press-7']);
  });

  it('finds those of an epoch that is over after a crash, and does not say them', () => {
    rig.data({ first: 1 });
    rig.done(1, { answer: reply(1) });
    rig.feed({ type: 'turnEnded' });
    rig.recorded();
    rig.connect(OTHER_EPOCH);
    rig.data({ first: 1, epoch: OTHER_EPOCH });
    rig.done(1, { epoch: OTHER_EPOCH });
    rig.beginsAtOnce = false;
    rig.crash();
    rig.connect(OTHER_EPOCH);
    expect(rig.said()).toEqual(['opened']);
  });

  it('cuts them into frames, by number and by bytes', () => {
    rig = new ReceiverRig({ credit: 1_000 });
    rig.connect();
    rig.data({ first: 1, count: RESULTS_MAX + 1 });
    for (let sequence = 1; sequence <= RESULTS_MAX + 1; sequence++) rig.done(sequence, { answer: REFUSAL });
    rig.data({ first: 1, count: 3, lane: 'a' });
    rig.recorded();
    expect(resultCounts()).toEqual([RESULTS_MAX, 1]);
    const value = new Uint8Array(REPLY_MAX_BYTES / 2);
    for (const sequence of [1, 2, 3]) rig.done(sequence, { lane: 'a', answer: { kind: 'reply', value } });
    rig.feed({ type: 'turnEnded' });
    rig.recorded();
    expect(resultCounts()).toEqual([2, 1]);
    rig.open();
    expect(resultCounts()).toEqual([RESULTS_MAX, 1, 2, 1]);
  });

  describe('at their limit', () => {
    const nack = (sequence: number): string => `nack ${sequence} overloaded`;

    it('gives back what comes and what waits, and goes on when a floor says that some are known', () => {
      rig = new ReceiverRig({ credit: 10_000 });
      rig.connect();
      for (let first = 1; first <= RESULTS_KEPT_MAX; first += 1_024)
        rig.data({ first, count: 1_024, after: first - 1 });
      rig.data({ first: RESULTS_KEPT_MAX + 1, count: 3, after: RESULTS_KEPT_MAX });
      for (let sequence = 1; sequence < RESULTS_KEPT_MAX; sequence++) rig.done(sequence, { answer: REFUSAL });
      rig.said();
      rig.done(RESULTS_KEPT_MAX, { answer: REFUSAL });
      expect(rig.said()).toEqual([nack(RESULTS_KEPT_MAX + 1)]);
      rig.handled();
      rig.recorded();
      rig.said();
      rig.data({ first: RESULTS_KEPT_MAX + 1, after: RESULTS_KEPT_MAX });
      rig.data({ first: 1, lane: 'a' });
      expect(rig.said()).toEqual([nack(RESULTS_KEPT_MAX + 1), 'nack a:1 overloaded']);
      rig.said();
      // The floor of the frame at hand makes the room that its message needs.
      rig.data({ first: RESULTS_KEPT_MAX + 1, floor: 2, after: RESULTS_KEPT_MAX });
      expect(rig.said()).toEqual([`deliver ${RESULTS_KEPT_MAX + 1}`]);
    });

    it('counts bytes, and is never more than one result of each lane beyond', () => {
      const value = new Uint8Array(REPLY_MAX_BYTES);
      const count = RESULTS_KEPT_MAX_BYTES / REPLY_MAX_BYTES;
      rig.data({ first: 1, count: count + 5 });
      rig.data({ first: 1, count: 5, lane: 'a' });
      for (let sequence = 1; sequence <= count; sequence++) rig.done(sequence, { answer: { kind: 'reply', value } });
      rig.said();
      rig.done(1, { lane: 'a', answer: { kind: 'reply', value } });
      expect(rig.said()).toEqual(['nack a:2 overloaded']);
      expect([rig.receiver.keptResults, rig.receiver.pendingCount]).toEqual([count + 1, 0]);
    });

    it('leaves the messages that wait elsewhere alone until their turn comes', () => {
      rig.data({ first: 1, count: 2, lane: 'a' });
      const value = new Uint8Array(REPLY_MAX_BYTES);
      const count = RESULTS_KEPT_MAX_BYTES / REPLY_MAX_BYTES;
      rig.data({ first: 1, count });
      for (let sequence = 1; sequence <= count; sequence++) rig.done(sequence, { answer: { kind: 'reply', value } });
      rig.feed({ type: 'turnEnded' });
      rig.recorded();
      rig.data({ first: count + 1, floor: count + 1, after: count });
      rig.said();
      rig.doneIn('a', 1);
      expect(rig.said()).toEqual(['deliver a:2', `record a:1 ${count} - 1`]);
    });
  });
});

describe('a receiver and a transaction of the handler', () => {
  beforeEach(() => {
    rig.data({ first: 1, count: 3 });
    rig.said();
  });

  it('counts the message as handled when the commit succeeds, and begins the next one when the handler ends', () => {
    rig.beginTransaction(1, { answer: reply(7) });
    expect(rig.said()).toEqual(['record 1 + results 1=reply 7']);
    rig.recorded();
    expect(rig.said()).toEqual(['results 1=reply 7', 'ack 1']);
    rig.data({ first: 1 });
    expect(rig.said()).toEqual(['results 1=reply 7', 'ack 1']);
    rig.handled(1);
    expect([rig.said(), rig.receiver.keptResults]).toEqual([['deliver 2'], 1]);
  });

  it('knows nothing of it when the commit fails, and hands the message out again', () => {
    rig.beginTransaction(1, { answer: reply(7) });
    rig.feed({ type: 'recordFailed' });
    rig.said();
    expect(rig.receiver.keptResults).toBe(0);
    rig.failed(1);
    rig.data({ first: 1, count: 3 });
    expect(rig.said()).toEqual(['nack 1 handlerFailed', 'deliver 1']);
    rig.handled(1);
    expect(rig.said()).toEqual(['deliver 2', 'record 1']);
  });

  it('takes along what else was handled, and leaves a commit that was asked for to come', () => {
    rig.beginsAtOnce = false;
    rig.data({ first: 1, lane: 'a' });
    rig.doneIn('a', 1, reply(1));
    rig.said();
    rig.beginTransaction(1);
    expect(rig.said()).toEqual(['record 1 a:1 + results a:1=reply 1']);
    rig.recorded();
    expect(rig.said()).toEqual(['results a:1=reply 1', 'ack 1', 'ack a:1']);
    rig.begin();
    rig.recorded();
    expect(rig.said()).toEqual(['record']);
  });

  it('records nothing of an epoch that is over', () => {
    rig.connect(OTHER_EPOCH);
    rig.said();
    rig.beginTransaction(1, { answer: reply(7) });
    rig.recorded();
    expect([rig.said(), rig.disk.keys]).toEqual([['record'], []]);
  });

  it('keeps no result of it when the epoch ends before the commit does', () => {
    rig.beginTransaction(1, { answer: reply(7) });
    rig.connect(OTHER_EPOCH);
    rig.said();
    rig.recorded();
    expect([rig.said(), rig.receiver.keptResults]).toEqual([[], 0]);
  });

  it('survives a crash as what is on the disk says', () => {
    rig.beginTransaction(1, { answer: reply(7) });
    rig.disk.apply([]);
    rig.crash();
    rig.connect();
    expect(rig.said()).toEqual(['opened']);
    rig.data({ first: 1 });
    rig.beginTransaction(1, { answer: reply(7) });
    rig.recorded();
    rig.crash();
    rig.connect();
    expect(rig.said()).toEqual(['results 1=reply 7', 'opened 1']);
  });
});

describe('a receiver and credit', () => {
  function credit(messages: number): unknown[] {
    rig.said();
    rig.feed({ type: 'credit', messages });
    return rig.frames();
  }
  const ack = { type: 'ack', epoch: EPOCH } as const;

  it('tells a higher one at once, in an ack of any lane, and a lower one with the next', () => {
    expect(credit(40)).toEqual([]);
    expect(credit(60)).toEqual([]);
    rig.data({ first: 1 });
    rig.handledAndRecorded(1);
    expect(rig.frames()).toMatchObject([{ ...ack, credit: 60 }]);
    expect(credit(61)).toMatchObject([{ ...ack, credit: 61, lane: '', handled: { cumulative: 1, ranges: [] } }]);
  });

  it('tells one that was 0 even when no lane is known yet', () => {
    credit(0);
    rig.connect();
    expect(rig.frames()).toMatchObject([{ type: 'opened', credit: 0, lanes: [] }]);
    expect(credit(1)).toEqual([{ ...ack, credit: 1, lane: '', handled: { cumulative: 0, ranges: [] } }]);
  });

  it('says nothing while the channel is not open, and the latest in opened', () => {
    rig.feed({ type: 'linkDown' });
    expect([credit(5), credit(80)]).toEqual([[], []]);
    rig.connect();
    expect(rig.frames()).toMatchObject([{ type: 'opened', credit: 80 }]);
  });

  it('never promises more than it may hold', () => {
    credit(5);
    rig.connect();
    expect(credit(1_000)).toMatchObject([{ credit: 100 }]);
  });

  it('takes what was sent under an earlier promise', () => {
    credit(1);
    rig.data({ first: 1, count: 20 });
    expect([rig.said(), rig.receiver.pendingCount]).toEqual([['deliver 1'], 20]);
  });

  it('gives back what comes while it is paused, also of lanes that hold nothing', () => {
    rig.feed({ type: 'pause', pause: PAUSE, keepsWaiting: true });
    rig.data({ first: 1, lane: 'a' });
    expect(rig.frames()).toMatchObject([{ type: 'nack', code: NACK_CODE.restarting, retryAfterMs: 700 }]);
  });
});

it('a receiver says all lanes in one opened', () => {
  for (let index = 0; index < LANES_MAX; index++) rig.data({ first: 1, lane: `${index}` });
  rig.said();
  rig.open();
  expect(rig.frames()[0]).toMatchObject({ type: 'opened', lanes: { length: LANES_MAX } });
});
