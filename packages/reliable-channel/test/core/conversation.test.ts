import { type ChannelFrame, NACK_CODE } from '@holdfast/protocol/core';
import { beforeEach, describe, expect, it } from 'vitest';
import { type BatchRecord, decodeBatch, decodeLane, decodeMeta, type SenderOutput } from '../../src/core/index.js';
import { ENTRY, EPOCH, openedWith, SenderRig } from '../support/sender-rig.js';

const MINUTE_MS = 60_000;

function dataOf(outputs: readonly SenderOutput[]): Extract<ChannelFrame, { type: 'data' }>[] {
  return outputs.flatMap((output) => (output.type === 'frame' && output.frame.type === 'data' ? [output.frame] : []));
}

/** The outputs in short: `open 3`, `data 4-5`, `commit`, `acknowledged 1-3`. */
function short(outputs: readonly SenderOutput[]): string[] {
  return outputs.map((output) => {
    if (output.type !== 'frame')
      return 'first' in output ? `${output.type} ${output.first}-${output.last}` : output.type;
    const { frame } = output;
    if (frame.type === 'data') return `data ${frame.first}-${frame.first + frame.count - 1}`;
    return frame.type === 'open' ? `open ${frame.lanes.map(({ floor }) => floor).join()}` : frame.type;
  });
}

type Commit = Extract<SenderOutput, { type: 'commit' }>;

function valueIn({ operations }: Commit, wanted: string): Uint8Array {
  return operations.flatMap((each) =>
    each.type === 'put' && each.key === wanted ? [each.value] : [],
  )[0] as Uint8Array;
}

const metaOf = (commit: Commit) => decodeMeta(valueIn(commit, 'outbox/meta'));
const laneOf = (commit: Commit) => decodeLane(valueIn(commit, 'outbox/lane/'));

describe('the talk with a receiver', () => {
  let rig: SenderRig;

  beforeEach(() => {
    rig = new SenderRig();
  });

  /** Three stored messages in flight, and nothing left to look at. */
  function openWithThree(): void {
    rig.connect();
    rig.sendStored(3);
    rig.take();
  }

  describe('goes by its table:', () => {
    it('down, linkUp: sends open', () => {
      rig.sendStored(3);
      rig.take();
      rig.feed({ type: 'linkUp' });
      expect([short(rig.take()), rig.sender.state]).toEqual([['open 1'], 'opening']);
    });

    it('opening, opened: settles what is handled, sends everything else', () => {
      openWithThree();
      rig.feed({ type: 'linkDown' });
      rig.connect({ cumulative: 1, ranges: [] });
      expect(short(rig.take())).toEqual(['open 1', 'acknowledged 1-1', 'data 2-3']);
      expect(rig.sender.state).toBe('open');
    });

    it('opening, ack timeout: sends open again', () => {
      rig.feed({ type: 'linkUp' });
      rig.take();
      rig.passTo(3_000);
      expect([short(rig.take()), rig.sender.state]).toEqual([['open 1'], 'opening']);
    });

    it('opening, ack or nack: ignores it', () => {
      rig.sendStored(3);
      rig.feed({ type: 'linkUp' });
      rig.take();
      rig.ack(3);
      rig.nack(1);
      rig.nack(0, NACK_CODE.notOpen);
      expect([rig.take(), rig.sender.state, rig.sender.backlog.messages]).toEqual([[], 'opening', 3]);
    });

    it('open, ack: settles, and the window moves on', () => {
      rig = new SenderRig({ windowMaxMessages: 2 });
      rig.connect();
      rig.sendStored(5);
      // A lane leaves a ninth of what is free to others.
      expect(short(rig.take()).filter((said) => said.startsWith('data'))).toEqual(['data 1-1']);
      rig.ack(1);
      expect(short(rig.take())).toEqual(['acknowledged 1-1', 'data 2-2']);
    });

    it('open, opened once more: settles, takes the credit, and the window moves on', () => {
      rig.connect(undefined, 0);
      rig.sendStored(3);
      rig.take();
      // The answer to an open that was sent twice. A receiver that had no room before need not say again that it has now.
      rig.frame({
        type: 'opened',
        epoch: EPOCH,
        lanes: [{ lane: '', handled: { cumulative: 0, ranges: [] } }],
        credit: 9,
      });
      expect([short(rig.take()), rig.sender.state]).toEqual([['data 1-3'], 'open']);
      rig.frame({
        type: 'opened',
        epoch: EPOCH,
        lanes: [{ lane: '', handled: { cumulative: 2, ranges: [] } }],
        credit: 9,
      });
      expect([short(rig.take()), rig.sender.inFlight]).toEqual([['acknowledged 1-2'], 3]);
      rig.frame({
        type: 'opened',
        epoch: EPOCH,
        lanes: [{ lane: '', handled: { cumulative: 500, ranges: [] } }],
        credit: 9,
      });
      expect([rig.take(), rig.sender.epoch, rig.sender.state]).toEqual([[], EPOCH, 'open']);
    });

    it('open, nack: waits, then sends again from the refused message', () => {
      openWithThree();
      rig.nack(2, NACK_CODE.handlerFailed, 700);
      expect(rig.sender.inFlight).toBe(1);
      rig.passTo(699);
      // The refusal is counted, and written down: a poison message must not begin anew with every start.
      expect(short(rig.take())).toEqual(['commit']);
      rig.passTo(700);
      expect(dataOf(rig.take())).toMatchObject([{ first: 2, count: 2, after: 1, attempt: 2 }]);
      expect([rig.sender.inFlight, rig.sender.state]).toEqual([3, 'open']);
    });

    it('open, nack notOpen: sends open again', () => {
      openWithThree();
      rig.passTo(3_000);
      rig.take();
      rig.nack(0, NACK_CODE.notOpen);
      expect([rig.sender.inFlight, rig.sender.state]).toEqual([3, 'open']);
      rig.passTo(9_000);
      expect(short(rig.take())).toEqual(['open 1']);
      expect([rig.sender.inFlight, rig.sender.state]).toEqual([0, 'opening']);
    });

    it('open, ack timeout: sends the oldest run again, waits twice as long', () => {
      rig.connect();
      rig.sendStored(8);
      rig.take();
      rig.passTo(3_000);
      expect(dataOf(rig.take())).toMatchObject([{ first: 1, count: 5, attempt: 2 }]);
      expect(rig.sender.nextTimeoutMs()).toBe(9_000);
    });

    it.each(['opening', 'open'])('%s, linkDown: nothing is in flight any more', (state) => {
      if (state === 'open') openWithThree();
      else rig.feed({ type: 'linkUp' });
      expect(rig.sender.state).toBe(state);
      rig.take();
      rig.feed({ type: 'linkDown' });
      expect([rig.take(), rig.sender.inFlight, rig.sender.state]).toEqual([[], 0, 'down']);
      expect(rig.sender.nextTimeoutMs()).toBeUndefined();
    });

    it.each(['down', 'opening', 'open'])('%s, close: nothing is sent any more', (state) => {
      if (state === 'open') rig.connect();
      else if (state === 'opening') rig.feed({ type: 'linkUp' });
      expect(rig.sender.state).toBe(state);
      rig.take();
      rig.feed({ type: 'close' });
      rig.sendStored(1);
      rig.feed({ type: 'linkDown' });
      rig.connect();
      rig.ack(1);
      rig.passTo(MINUTE_MS);
      expect([short(rig.take()), rig.sender.state]).toEqual([['commit', 'stored 1-1'], 'closed']);
    });
  });

  describe('whose messages come back', () => {
    it('keeps what lies before the refused message in flight, and takes its ack', () => {
      openWithThree();
      rig.nack(3, NACK_CODE.overloaded, 5_000);
      rig.ack(2);
      expect([short(rig.take()), rig.sender.inFlight]).toEqual([['acknowledged 1-2'], 0]);
      rig.passTo(5_000);
      expect(dataOf(rig.take())).toMatchObject([{ first: 3, after: 0, floor: 1 }]);
    });

    it('asks for what lies before the refused message when its ack is overdue, though the rest waits', () => {
      openWithThree();
      rig.nack(3, NACK_CODE.overloaded, 20_000);
      rig.passTo(3_000);
      expect(short(rig.take())).toEqual(['data 1-2']);
    });

    it('goes back further when an earlier message is refused while it waits', () => {
      openWithThree();
      rig.nack(3);
      rig.nack(2);
      rig.passTo(1_000);
      expect(short(rig.take())).toEqual(['data 2-3']);
    });

    it('does not count a refused message as acknowledged when its number is below the floor', () => {
      openWithThree();
      rig.ack(1);
      rig.take();
      rig.nack(1);
      expect([rig.sender.inFlight, rig.sender.backlog.messages]).toEqual([0, 2]);
      rig.passTo(1_000);
      expect(short(rig.take()).filter((said) => said.startsWith('data'))).toEqual(['data 2-3']);
    });

    it('waits not longer than its own longest wait, whatever the receiver wishes', () => {
      openWithThree();
      rig.nack(1, NACK_CODE.restarting, 1e12);
      rig.passTo(30_000);
      expect(short(rig.take())).toEqual(['data 1-3']);
    });

    it('counts an ack that comes after it has sent again, and does not send a third time', () => {
      openWithThree();
      rig.passTo(3_000);
      rig.take();
      rig.ack(3);
      expect(short(rig.take())).toEqual(['acknowledged 1-3']);
      rig.passTo(MINUTE_MS);
      expect(dataOf(rig.take())).toEqual([]);
    });
  });

  describe('keeps its window', () => {
    it('in messages', () => {
      rig = new SenderRig({ windowMaxMessages: 7 });
      rig.connect();
      rig.sendStored(20);
      expect([short(rig.take()).slice(-2), rig.sender.inFlight]).toEqual([['data 1-5', 'data 6-6'], 6]);
    });

    it('in bytes', () => {
      rig = new SenderRig({ windowMaxBytes: 3 * ENTRY.length });
      rig.connect();
      rig.sendStored(20);
      expect(rig.sender.inFlight).toBe(3);
      rig.take();
      rig.ack(3);
      expect(short(rig.take())).toEqual(['acknowledged 1-3', 'data 4-6']);
    });

    it('with a credit of 0, until there is more', () => {
      rig.connect(undefined, 0);
      rig.sendStored(3);
      expect(dataOf(rig.take())).toEqual([]);
      rig.passTo(MINUTE_MS);
      expect(rig.take()).toEqual([]);
      rig.ack(0, [], 2);
      expect(short(rig.take())).toEqual(['data 1-1']);
    });
  });

  it('writes a new epoch before it tells it, and sends everything that is not settled under it', () => {
    rig.connect();
    rig.sendStored(4);
    rig.ack(2);
    rig.feed({ type: 'linkDown' });
    rig.take();
    rig.connect({ cumulative: 9, ranges: [] });
    const { epoch } = rig.sender;
    // The store does not know yet that 1 and 2 are settled.
    expect(short(rig.take())).toEqual(['open 1']);
    rig.passTo(10_000);
    const outputs = rig.take();
    expect(short(outputs)).toEqual(['commit']);
    const commit = outputs[0] as Extract<SenderOutput, { type: 'commit' }>;
    expect(metaOf(commit)).toMatchObject({ epoch });
    expect(laneOf(commit)).toMatchObject({ floor: 3, next: 5 });
    rig.feed({ type: 'committed' });
    expect(rig.take()).toEqual([{ type: 'frame', frame: { type: 'open', epoch, lanes: [{ lane: '', floor: 3 }] } }]);
    rig.frame({ type: 'opened', epoch, lanes: [{ lane: '', handled: { cumulative: 2, ranges: [] } }], credit: 9 });
    expect(dataOf(rig.take())).toMatchObject([{ epoch, first: 3, count: 2, after: 0 }]);
  });

  it('renews the epoch of all lanes, and keeps the numbers of each', () => {
    rig.sendStored(2);
    rig.sendStored(3, 'alarms');
    rig.connect();
    rig.feed({ type: 'linkDown' });
    rig.take();
    rig.feed({ type: 'linkUp' });
    const handled = { cumulative: 4, ranges: [] };
    rig.frame({ type: 'opened', epoch: EPOCH, lanes: [{ lane: 'alarms', handled }], credit: 100 });
    rig.passTo(10_000);
    rig.feed({ type: 'committed' });
    const { epoch } = rig.sender;
    const lanes = [
      { lane: '', floor: 1 },
      { lane: 'alarms', floor: 1 },
    ];
    expect(rig.takeFrames().at(-1)).toEqual({ type: 'open', epoch, lanes });
    expect([epoch === EPOCH, rig.sender.backlog.messages]).toEqual([false, 5]);
    rig.feed({ type: 'room', bytes: 1_000 });
    rig.opened();
    const sent = dataOf(rig.take()).map((frame) => [frame.epoch, frame.lane, frame.first, frame.count]);
    expect(sent).toEqual([
      [epoch, '', 1, 2],
      [epoch, 'alarms', 1, 3],
    ]);
  });

  describe('takes results', () => {
    const reply = (sequence: number) => ({ sequence, kind: 'reply', value: Uint8Array.of(sequence) }) as const;

    it('before the answer to its opening, which settles the rest', () => {
      openWithThree();
      rig.feed({ type: 'linkDown' });
      rig.feed({ type: 'linkUp' });
      rig.take();
      rig.frame({ type: 'results', epoch: EPOCH, lane: '', results: [reply(2)] });
      expect(rig.take()).toEqual([{ type: 'replied', lane: '', sequence: 2, value: Uint8Array.of(2) }]);
      expect(rig.sender.state).toBe('opening');
      rig.opened({ cumulative: 2, ranges: [] });
      expect(short(rig.take())).toContain('acknowledged 1-1');
      expect(rig.sender.backlog.messages).toBe(1);
    });

    it('once, and none of what was never sent, of an unknown lane or of another epoch', () => {
      openWithThree();
      rig.frame({ type: 'results', epoch: EPOCH, lane: '', results: [reply(1)] });
      rig.take();
      rig.frame({ type: 'results', epoch: EPOCH, lane: '', results: [reply(1), reply(4)] });
      rig.frame({ type: 'results', epoch: EPOCH, lane: 'unknown', results: [reply(2)] });
      rig.frame({ type: 'results', epoch: '00000000000000bb', lane: '', results: [reply(2)] });
      expect([rig.take(), rig.sender.backlog.messages]).toEqual([[], 2]);
    });
  });

  describe('counts refusals', () => {
    beforeEach(() => {
      rig = new SenderRig({ maxAttempts: 2 });
      openWithThree();
    });

    function refuseTwice(code: number): SenderOutput[] {
      rig.nack(1, code);
      rig.passTo(1_000);
      rig.nack(1, code);
      return rig.take();
    }

    it.each([
      ['handlerFailed', NACK_CODE.handlerFailed],
      ['noHandler', NACK_CODE.noHandler],
      ['retryLater', NACK_CODE.retryLater],
    ])('of a message: %s', (_, code) => {
      refuseTwice(code);
      rig.feed({ type: 'committed' });
      rig.passTo(2_000);
      rig.feed({ type: 'committed' });
      const ended = rig.take().filter(({ type }) => type === 'givenUp');
      expect(ended).toMatchObject([{ first: 1, last: 1, outcome: { status: 'rejected' }, attempts: 2 }]);
    });

    it.each([
      ['restarting', NACK_CODE.restarting],
      ['overloaded', NACK_CODE.overloaded],
    ])('of the agent as none: %s', (_, code) => {
      expect(refuseTwice(code).filter(({ type }) => type === 'commit')).toEqual([]);
      expect([rig.sender.backlog.messages, rig.sender.deadLetters.ids]).toEqual([3, []]);
    });
  });

  it('closes while its store is being read, and the next one deletes what was settled meanwhile', () => {
    const writer = new SenderRig();
    writer.send(20);
    const written = writer.take()[0] as Extract<SenderOutput, { type: 'commit' }>;
    const batches = written.operations.flatMap((operation) =>
      operation.type === 'put' && operation.key.startsWith('outbox/batch/')
        ? [decodeBatch(operation.value) as BatchRecord]
        : [],
    );
    rig = new SenderRig({}, openedWith({ next: 21, bytes: 20 * ENTRY.length }));
    rig.connect();
    rig.feed({ type: 'loaded', lane: '', isDamaged: false, batches: batches.slice(0, 2), upTo: 20 });
    rig.ack(20);
    rig.take();
    rig.feed({ type: 'close' });
    const commit = rig.take()[0] as Extract<SenderOutput, { type: 'commit' }>;
    rig.feed({ type: 'committed' });
    expect(rig.sender.isStoreIdle).toBe(true);
    expect(metaOf(commit)).toMatchObject({ bytes: 10 * ENTRY.length });
    expect(laneOf(commit)).toMatchObject({ floor: 21, next: 21 });
    rig = new SenderRig({}, openedWith({ floor: 21, next: 21, bytes: 10 * ENTRY.length }));
    rig.connect();
    expect(short(rig.take())).toEqual(['open 21', 'load']);
    rig.feed({ type: 'loaded', lane: '', isDamaged: false, batches: batches.slice(2), upTo: 20 });
    rig.passTo(100);
    const deletion = rig.take().at(-1) as Extract<SenderOutput, { type: 'commit' }>;
    expect(deletion.operations.map(({ type }) => type)).toEqual(['delete', 'delete', 'put']);
    expect(rig.sender.backlog).toEqual({ messages: 0, bytes: 0 });
  });

  it('reads on when a read has failed and a later one has not', () => {
    const writer = new SenderRig();
    writer.send(2);
    const { operations } = writer.take()[0] as Extract<SenderOutput, { type: 'commit' }>;
    const value = operations[0]?.type === 'put' ? operations[0].value : new Uint8Array(0);
    rig = new SenderRig({}, openedWith({ next: 3, bytes: 2 * ENTRY.length }));
    rig.connect();
    rig.feed({ type: 'loadFailed', lane: '' });
    rig.take();
    rig.passTo(30_000);
    expect(short(rig.take())).toEqual(['load']);
    rig.feed({ type: 'loaded', lane: '', isDamaged: false, batches: [decodeBatch(value) as BatchRecord], upTo: 2 });
    expect(short(rig.take())).toEqual(['data 1-2']);
  });

  describe('says little in a minute', () => {
    /** Lets a minute pass in which every output is answered at once; returns how many there were. */
    function countOutputs(answer: (output: SenderOutput) => void): number {
      let count = 0;
      for (let nowMs = 0; nowMs <= MINUTE_MS; nowMs += 10) {
        rig.passTo(nowMs);
        for (let outputs = rig.take(); outputs.length > 0; outputs = rig.take()) {
          count += outputs.length;
          if (count > 1_000) return count;
          for (const output of outputs) answer(output);
        }
      }
      return count;
    }

    function opened(): void {
      rig.frame({
        type: 'opened',
        epoch: rig.sender.epoch,
        lanes: [{ lane: '', handled: { cumulative: 0, ranges: [] } }],
        credit: 100,
      });
    }

    beforeEach(() => {
      rig.sendStored(50);
      rig.take();
      rig.feed({ type: 'linkUp' });
      rig.feed({ type: 'room', bytes: 1e9 });
    });

    it('to a receiver that never answers', () => {
      expect(countOutputs(() => {})).toBeLessThan(10);
    });

    it('to a receiver that opens and then never answers', () => {
      opened();
      expect(countOutputs(() => {})).toBeLessThan(20);
    });

    it('to a receiver that refuses everything', () => {
      opened();
      const count = countOutputs((output) => {
        if (output.type === 'frame' && output.frame.type === 'data') rig.nack(1);
      });
      // Ten frames whenever its wait is over: after 0.2, 0.4, 0.8 seconds and so on.
      expect(count).toBeGreaterThan(50);
      expect(count).toBeLessThan(120);
    });

    it('to a receiver that has always forgotten it', () => {
      const count = countOutputs((output) => {
        if (output.type !== 'frame') return;
        if (output.frame.type === 'open') opened();
        else rig.nack(0, NACK_CODE.notOpen);
      });
      expect(count).toBeLessThan(100);
    });

    it('to a receiver that forgets it after a while, again and again', () => {
      let openedAtMs = 0;
      const count = countOutputs((output) => {
        if (output.type !== 'frame') return;
        if (output.frame.type === 'open') {
          openedAtMs = rig.nowMs;
          opened();
        } else if (rig.nowMs > openedAtMs) rig.nack(0, NACK_CODE.notOpen);
      });
      expect(count).toBeLessThan(200);
    });

    it('to a store that fails', () => {
      rig = new SenderRig({ loadedMaxBytes: 100 }, openedWith({ next: 21, bytes: 200 }));
      rig.connect({ cumulative: 10, ranges: [] });
      rig.send(5);
      const count = countOutputs((output) => {
        if (output.type === 'commit') rig.feed({ type: 'commitFailed', detail: 'full' });
        if (output.type === 'load') rig.feed({ type: 'loadFailed', lane: '' });
      });
      expect(count).toBeLessThan(15);
    });
  });
});
