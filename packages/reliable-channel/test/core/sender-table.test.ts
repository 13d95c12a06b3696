import { type ChannelFrame, NACK_CODE } from '@holdfast/protocol/core';
import { beforeEach, describe, expect, it } from 'vitest';
import { type BatchRecord, decodeBatch, decodeMeta, type SenderOutput } from '../../src/core/index.js';
import { ENTRY, EPOCH, NEW_META, SenderRig } from '../support/sender-rig.js';

const MINUTE_MS = 60_000;

function dataOf(outputs: readonly SenderOutput[]): Extract<ChannelFrame, { type: 'data' }>[] {
  return outputs.flatMap((output) => (output.type === 'frame' && output.frame.type === 'data' ? [output.frame] : []));
}

/** The outputs in short: `open 3`, `data 4-5`, `commit`, `acknowledged 1-3`. */
function short(outputs: readonly SenderOutput[]): string[] {
  return outputs.map((output) => {
    if (output.type !== 'frame')
      return 'run' in output ? `${output.type} ${output.run.first}-${output.run.last}` : output.type;
    const { frame } = output;
    if (frame.type === 'data') return `data ${frame.first}-${frame.first + frame.count - 1}`;
    return frame.type === 'open' ? `open ${frame.floor}` : frame.type;
  });
}

describe('a sender', () => {
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
      rig.take();
      rig.ack(1);
      expect(short(rig.take())).toEqual(['acknowledged 1-1']);
      rig.ack(2);
      expect(short(rig.take())).toEqual(['acknowledged 2-2', 'data 3-4']);
    });

    it('open, opened once more: settles, takes the credit, and the window moves on', () => {
      rig.connect(undefined, 0);
      rig.sendStored(3);
      rig.take();
      // The answer to an open that was sent twice. A receiver that had no room before need not say again that it has now.
      rig.frame({ type: 'opened', epoch: EPOCH, handled: { cumulative: 0, ranges: [] }, credit: 9 });
      expect([short(rig.take()), rig.sender.state]).toEqual([['data 1-3'], 'open']);
      rig.frame({ type: 'opened', epoch: EPOCH, handled: { cumulative: 2, ranges: [] }, credit: 9 });
      expect([short(rig.take()), rig.sender.inFlight]).toEqual([['acknowledged 1-2'], 3]);
      rig.frame({ type: 'opened', epoch: EPOCH, handled: { cumulative: 500, ranges: [] }, credit: 9 });
      expect([rig.take(), rig.sender.epoch, rig.sender.state]).toEqual([[], EPOCH, 'open']);
    });

    it('open, nack: waits, then sends again from the refused message', () => {
      openWithThree();
      rig.nack(2, NACK_CODE.handlerFailed, 700);
      expect(rig.sender.inFlight).toBe(1);
      rig.passTo(699);
      expect(rig.take()).toEqual([]);
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
      expect(dataOf(rig.take())).toMatchObject([{ first: 3, after: 0, floor: 3 }]);
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
      expect([short(rig.take()).slice(-2), rig.sender.inFlight]).toEqual([['data 1-5', 'data 6-7'], 7]);
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
      expect(short(rig.take())).toEqual(['data 1-2']);
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
    expect(short(rig.take())).toEqual(['open 3']);
    rig.passTo(10_000);
    const outputs = rig.take();
    expect(short(outputs)).toEqual(['commit']);
    const commit = outputs[0] as Extract<SenderOutput, { type: 'commit' }>;
    const meta = commit.operations.find(({ key }) => key === 'outbox/meta');
    expect(meta?.type === 'put' && decodeMeta(meta.value)).toMatchObject({ epoch, floor: 3, next: 5 });
    rig.feed({ type: 'committed' });
    expect(rig.take()).toEqual([{ type: 'frame', frame: { type: 'open', epoch, floor: 3 } }]);
    rig.frame({ type: 'opened', epoch, handled: { cumulative: 2, ranges: [] }, credit: 9 });
    expect(dataOf(rig.take())).toMatchObject([{ epoch, first: 3, count: 2, after: 0 }]);
  });

  it('closes while its store is being read, and the next one deletes what was settled meanwhile', () => {
    const writer = new SenderRig();
    writer.send(20);
    const written = writer.take()[0] as Extract<SenderOutput, { type: 'commit' }>;
    const batches = written.operations.flatMap((operation) =>
      operation.type === 'put' && operation.key !== 'outbox/meta' ? [decodeBatch(operation.value) as BatchRecord] : [],
    );
    rig = new SenderRig({}, { ...NEW_META, next: 21, bytes: 20 * ENTRY.length });
    rig.connect();
    rig.feed({ type: 'loaded', batches: batches.slice(0, 2), upTo: 20 });
    rig.ack(20);
    rig.take();
    rig.feed({ type: 'close' });
    const commit = rig.take()[0] as Extract<SenderOutput, { type: 'commit' }>;
    rig.feed({ type: 'committed' });
    expect(rig.sender.isStoreIdle).toBe(true);
    const metaValue = commit.operations.flatMap((operation) => (operation.type === 'put' ? [operation.value] : []))[0];
    const meta = decodeMeta(metaValue as Uint8Array);
    expect(meta).toMatchObject({ floor: 21, next: 21, bytes: 10 * ENTRY.length });
    rig = new SenderRig({}, meta as typeof NEW_META);
    rig.connect();
    expect(short(rig.take())).toEqual(['open 21', 'load']);
    rig.feed({ type: 'loaded', batches: batches.slice(2), upTo: 20 });
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
    rig = new SenderRig({}, { ...NEW_META, next: 3, bytes: 2 * ENTRY.length });
    rig.connect();
    rig.feed({ type: 'loadFailed' });
    rig.take();
    rig.passTo(30_000);
    expect(short(rig.take())).toEqual(['load']);
    rig.feed({ type: 'loaded', batches: [decodeBatch(value) as BatchRecord], upTo: 2 });
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
      rig.frame({ type: 'opened', epoch: rig.sender.epoch, handled: { cumulative: 0, ranges: [] }, credit: 100 });
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
      rig = new SenderRig({ loadedMaxBytes: 100 }, { ...NEW_META, next: 21, bytes: 200 });
      rig.connect({ cumulative: 10, ranges: [] });
      rig.send(5);
      const count = countOutputs((output) => {
        if (output.type === 'commit') rig.feed({ type: 'commitFailed', detail: 'full' });
        if (output.type === 'load') rig.feed({ type: 'loadFailed' });
      });
      expect(count).toBeLessThan(15);
    });
  });
});
