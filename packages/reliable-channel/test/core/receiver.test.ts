import { type ChannelFrame, encodeEntry, NACK_CODE, type RangeList } from '@holdfast/protocol/core';
import { beforeEach, describe, expect, it } from 'vitest';
import {
  INBOX_RANGES_MAX,
  type InboxRecord,
  Receiver,
  type ReceiverInput,
  type ReceiverOutput,
  WAITING_MAX_BYTES,
} from '../../src/core/index.js';

const EPOCH = '00000000000000aa';
const PAUSE = { code: NACK_CODE.overloaded, retryAfterMs: 500, reason: 'busy' };
const FAILURE = { code: NACK_CODE.handlerFailed, retryAfterMs: 0, reason: 'failed' };

/** A receiving core on a test bench; the handler is the test. */
class ReceiverRig {
  readonly receiver: Receiver;

  constructor(creditMessages = 100, record?: InboxRecord) {
    this.receiver = new Receiver({ creditMessages }, record);
  }

  /** What comes out, as short texts. */
  feed(...inputs: ReceiverInput[]): string[] {
    const outputs: string[] = [];
    for (const input of inputs) {
      this.receiver.handle(input, 0);
      for (let output = this.receiver.poll(); output !== undefined; output = this.receiver.poll()) {
        outputs.push(describeOutput(output));
      }
    }
    return outputs;
  }

  open(floor = 1, epoch = EPOCH): string[] {
    return this.feed({ type: 'linkUp' }, { type: 'frame', frame: { type: 'open', epoch, floor } });
  }

  /** Data `first` to `last`, each of one byte; `after` is what a sender without gaps says. */
  data(
    first: number,
    last: number,
    fields: { after?: number; floor?: number; lane?: string; epoch?: string } = {},
  ): string[] {
    const { after = first - 1, floor = 1, lane = '', epoch = EPOCH } = fields;
    const entries = Uint8Array.from({ length: last - first + 1 }).fill(0);
    const bytes = [...entries].flatMap(() => [...encodeEntry('m', Uint8Array.of(1))]);
    const common = { type: 'data', epoch, floor, lane, attempt: 1 } as const;
    const frame = { ...common, after, first, count: last - first + 1, entries: Uint8Array.from(bytes) };
    return this.feed({ type: 'frame', frame });
  }

  /** The handler has done these, each in a turn of its own. */
  done(...sequences: number[]): string[] {
    return sequences.flatMap((sequence) =>
      this.feed({ type: 'handled', epoch: EPOCH, sequence }, { type: 'turnEnded' }),
    );
  }

  recorded(): string[] {
    return this.feed({ type: 'recorded' });
  }
}

function describeRanges({ cumulative, ranges }: RangeList): string {
  return [cumulative, ...ranges.map(({ first, last }) => `${first}-${last}`)].join(' ');
}

function describeFrame(frame: ChannelFrame): string {
  if (frame.type === 'ack' || frame.type === 'opened') return `${frame.type} ${describeRanges(frame.handled)}`;
  return frame.type === 'nack' ? `nack ${frame.from} code ${frame.code}` : frame.type;
}

function describeOutput(output: ReceiverOutput): string {
  if (output.type === 'deliver') return `deliver ${output.message.sequence}`;
  return output.type === 'record' ? `record ${describeRanges(output.record.handled)}` : describeFrame(output.frame);
}

describe('a receiver', () => {
  let rig: ReceiverRig;

  beforeEach(() => {
    rig = new ReceiverRig();
  });

  it('answers an opening with what it has recorded', () => {
    const handled = { cumulative: 4, ranges: [{ first: 6, last: 7 }] };
    rig = new ReceiverRig(100, { epoch: EPOCH, handled });
    expect(rig.open()).toEqual(['opened 4 6-7']);
    expect(rig.open(6)).toEqual(['opened 7']);
  });

  it('takes nothing before the channel is open on this connection', () => {
    expect(rig.data(1, 2)).toEqual([`nack 0 code ${NACK_CODE.notOpen}`]);
    rig.open();
    rig.feed({ type: 'linkDown' }, { type: 'linkUp' });
    expect(rig.data(1, 2)).toEqual([`nack 0 code ${NACK_CODE.notOpen}`]);
  });

  it('delivers one message after the other, and acknowledges when it is recorded', () => {
    rig.open();
    expect(rig.data(1, 3)).toEqual(['deliver 1']);
    expect([rig.receiver.waitingCount, rig.receiver.pendingCount, rig.receiver.isIdle]).toEqual([2, 3, false]);
    expect(rig.done(1)).toEqual(['deliver 2', 'record 1']);
    expect(rig.recorded()).toEqual(['ack 1']);
    expect(rig.done(2, 3)).toEqual(['deliver 3', 'record 2']);
    expect(rig.recorded()).toEqual(['ack 2', 'record 3']);
    expect(rig.recorded()).toEqual(['ack 3']);
    expect([rig.receiver.pendingCount, rig.receiver.isIdle]).toEqual([0, true]);
  });

  it('records what is handled in one turn as one', () => {
    rig.open();
    rig.data(1, 3);
    const turn: ReceiverInput[] = [1, 2, 3].map((sequence) => ({ type: 'handled', epoch: EPOCH, sequence }));
    expect(rig.feed(...turn, { type: 'turnEnded' })).toEqual(['deliver 2', 'deliver 3', 'record 3']);
  });

  it('drops what it has handled and says the ack again', () => {
    rig.open();
    rig.data(1, 2);
    rig.done(1);
    rig.recorded();
    expect(rig.data(1, 1)).toEqual(['ack 1']);
    // Handled, and not recorded yet: not acknowledged yet.
    rig.done(2);
    expect(rig.data(1, 2)).toEqual(['ack 1']);
    expect(rig.recorded()).toEqual(['ack 2']);
  });

  it('drops what waits already, and takes what is new behind it', () => {
    rig.open();
    rig.data(1, 3);
    expect(rig.data(1, 3)).toEqual([]);
    expect(rig.data(2, 5)).toEqual([]);
    expect(rig.receiver.pendingCount).toBe(5);
    expect(rig.done(1, 2, 3, 4)).toEqual(['deliver 2', 'record 1', 'deliver 3', 'deliver 4', 'deliver 5']);
  });

  it('drops what comes too early, and takes it when it comes again in order', () => {
    rig.open();
    expect(rig.data(4, 5)).toEqual([]);
    expect(rig.receiver.pendingCount).toBe(0);
    expect(rig.data(1, 3)).toEqual(['deliver 1']);
    expect(rig.data(4, 5)).toEqual([]);
    expect(rig.receiver.pendingCount).toBe(5);
  });

  it('takes what follows a message that will never come', () => {
    rig.open();
    rig.data(1, 1);
    // The numbers 2 to 4 could not be stored by the sender.
    expect(rig.data(5, 5, { after: 1 })).toEqual([]);
    expect(rig.done(1, 5)).toEqual(['deliver 5', 'record 1']);
    expect(rig.recorded()).toEqual(['ack 1', 'record 1 5-5']);
    expect(rig.recorded()).toEqual(['ack 1 5-5']);
  });

  it('forgets the gaps below the floor', () => {
    rig = new ReceiverRig(100, { epoch: EPOCH, handled: { cumulative: 1, ranges: [{ first: 5, last: 5 }] } });
    expect(rig.open(5)).toEqual(['opened 5']);
    rig.data(9, 9, { after: 0, floor: 9 });
    rig.done(9);
    expect(rig.recorded()).toEqual(['ack 9']);
  });

  it('keeps a raised floor when an older record comes back from the disk', () => {
    rig.open();
    rig.data(1, 1);
    rig.done(1);
    rig.data(9, 9, { after: 0, floor: 9 });
    expect(rig.recorded()).toEqual(['ack 8']);
  });

  it('keeps order within a lane and none across', () => {
    rig.open();
    expect(rig.data(1, 1, { lane: 'a' })).toEqual(['deliver 1']);
    expect(rig.data(2, 2, { lane: 'b', after: 0 })).toEqual(['deliver 2']);
    expect(rig.data(3, 3, { lane: 'a', after: 1 })).toEqual([]);
    expect(rig.done(2)).toEqual(['record 0 2-2']);
    rig.recorded();
    expect(rig.done(1)).toEqual(['deliver 3', 'record 2']);
  });

  describe('whose handler fails', () => {
    it('gives the message back with all that wait behind it', () => {
      rig.open();
      rig.data(1, 4);
      rig.done(1);
      const failed: ReceiverInput = { type: 'failed', epoch: EPOCH, sequence: 2, pause: FAILURE };
      expect(rig.feed(failed)).toEqual([`nack 2 code ${NACK_CODE.handlerFailed}`]);
      expect(rig.data(5, 6)).toEqual([]);
      expect(rig.receiver.pendingCount).toBe(0);
      expect(rig.data(2, 6)).toEqual(['deliver 2']);
    });

    it('says so only while the channel is open', () => {
      rig.open();
      rig.data(1, 2);
      rig.feed({ type: 'linkDown' });
      expect(rig.feed({ type: 'failed', epoch: EPOCH, sequence: 1, pause: FAILURE })).toEqual([]);
      rig.open();
      expect(rig.data(1, 2)).toEqual(['deliver 1']);
    });

    it('goes on with other lanes', () => {
      rig.open();
      rig.data(1, 1, { lane: 'a' });
      rig.data(2, 3, { lane: 'b', after: 0 });
      rig.feed({ type: 'failed', epoch: EPOCH, sequence: 1, pause: FAILURE });
      expect(rig.done(2)).toEqual(['deliver 3', 'record 0 2-2']);
    });
  });

  describe('that is paused', () => {
    it('gives back what waits and what comes, and finishes what runs', () => {
      rig.open();
      rig.data(1, 3);
      expect(rig.feed({ type: 'pause', pause: PAUSE })).toEqual([`nack 2 code ${NACK_CODE.overloaded}`]);
      expect(rig.data(2, 3)).toEqual([`nack 2 code ${NACK_CODE.overloaded}`]);
      expect(rig.data(4, 5)).toEqual([]);
      expect(rig.done(1)).toEqual(['record 1']);
      expect(rig.recorded()).toEqual(['ack 1']);
      rig.feed({ type: 'resume' });
      expect(rig.data(2, 5)).toEqual(['deliver 2']);
    });

    it('keeps what waits when it is told to', () => {
      rig.open();
      rig.data(1, 3);
      expect(rig.feed({ type: 'pause', pause: PAUSE, keepsWaiting: true })).toEqual([]);
      expect(rig.data(4, 5)).toEqual([`nack 4 code ${NACK_CODE.overloaded}`]);
      expect(rig.done(1, 2, 3)).toEqual(['deliver 2', 'record 1', 'deliver 3']);
    });
  });

  describe('that is full', () => {
    const nack = (from: number): string => `nack ${from} code ${NACK_CODE.overloaded}`;

    it('gives back what is beyond its credit, running messages included', () => {
      rig = new ReceiverRig(3);
      rig.open();
      expect(rig.data(1, 5)).toEqual([nack(4), 'deliver 1']);
      expect(rig.receiver.pendingCount).toBe(3);
    });

    it('counts the running messages of many lanes', () => {
      rig = new ReceiverRig(2);
      rig.open();
      rig.data(1, 1, { lane: 'a', after: 0 });
      rig.data(2, 2, { lane: 'b', after: 0 });
      expect(rig.data(3, 3, { lane: 'c', after: 0 })).toEqual([nack(3)]);
    });

    it('holds no more bytes than it may', () => {
      rig = new ReceiverRig(1_000);
      rig.open();
      const large = encodeEntry('m', new Uint8Array(200_000));
      const common = { type: 'data', epoch: EPOCH, floor: 1, lane: '', attempt: 1, count: 1, entries: large } as const;
      let refusedAt = 0;
      for (let first = 1; refusedAt === 0; first++) {
        const outputs = rig.feed({ type: 'frame', frame: { ...common, first, after: first - 1 } });
        if (outputs.includes(nack(first))) refusedAt = first;
      }
      // One with the handler, the others waiting.
      expect(refusedAt).toBe(Math.ceil(WAITING_MAX_BYTES / 200_000) + 2);
    });

    it('takes no message so far ahead that its record could not hold the gaps', () => {
      rig.open();
      const last = 2 * INBOX_RANGES_MAX;
      expect(rig.data(last + 1, last + 1, { after: 0 })).toEqual([nack(last + 1)]);
      expect(rig.data(last, last, { after: 0 })).toEqual([`deliver ${last}`]);
    });
  });

  describe('whose connection is lost', () => {
    it('drops what waits, lets the handler finish, and does not run its message again', () => {
      rig.open();
      rig.data(1, 3);
      rig.feed({ type: 'linkDown' });
      expect([rig.receiver.waitingCount, rig.receiver.pendingCount]).toEqual([0, 1]);
      rig.open();
      expect(rig.data(1, 3)).toEqual([]);
      expect(rig.done(1)).toEqual(['deliver 2', 'record 1']);
    });

    it('records while away, and says so at the next opening', () => {
      rig.open();
      rig.data(1, 1);
      rig.feed({ type: 'linkDown' });
      expect(rig.done(1)).toEqual(['record 1']);
      expect(rig.recorded()).toEqual([]);
      expect(rig.open()).toEqual(['opened 1']);
    });
  });

  it('takes an opening that comes twice, and loses nothing of what waits', () => {
    rig.open();
    rig.data(1, 3);
    expect(rig.feed({ type: 'frame', frame: { type: 'open', epoch: EPOCH, floor: 1 } })).toEqual(['opened 0']);
    expect(rig.receiver.pendingCount).toBe(3);
  });

  describe('whose sender begins a new epoch', () => {
    it('forgets the old one, whose numbers mean other messages', () => {
      rig.open();
      rig.data(1, 3);
      rig.done(1);
      expect(rig.open(1, '00000000000000bb')).toEqual(['opened 0']);
      expect(rig.receiver.pendingCount).toBe(0);
      expect(rig.data(1, 2, { epoch: '00000000000000bb' })).toEqual(['deliver 1']);
      // What the handler says of the old message 2 is not taken for the new one.
      expect(rig.feed({ type: 'handled', epoch: EPOCH, sequence: 2 })).toEqual([]);
      expect(rig.feed({ type: 'failed', epoch: EPOCH, sequence: 1, pause: FAILURE })).toEqual([]);
      expect(rig.receiver.pendingCount).toBe(2);
    });

    it('does not acknowledge by a record of the old one', () => {
      rig.open();
      rig.data(1, 1);
      rig.done(1);
      rig.open(1, '00000000000000bb');
      expect(rig.recorded()).toEqual([]);
    });

    it('gives back data of the old one', () => {
      rig.open(1, '00000000000000bb');
      expect(rig.data(1, 1)).toEqual([`nack 0 code ${NACK_CODE.notOpen}`]);
    });
  });

  it('acknowledges nothing while its inbox fails, and everything when it works again', () => {
    rig.open();
    rig.data(1, 2);
    rig.done(1);
    expect(rig.feed({ type: 'recordFailed' })).toEqual([]);
    expect(rig.receiver.isIdle).toBe(false);
    // The sender asks again; that is when the record is tried again.
    expect(rig.data(1, 2)).toEqual(['ack 0', 'record 1']);
    expect(rig.recorded()).toEqual(['ack 1']);
  });

  it('may repeat after a crash what was handled and not recorded, and nothing else', () => {
    rig.open();
    rig.data(1, 3);
    rig.done(1);
    rig.recorded();
    rig.done(2);
    const onDisk = { epoch: EPOCH, handled: { cumulative: 1, ranges: [] } };
    rig = new ReceiverRig(100, onDisk);
    expect(rig.open()).toEqual(['opened 1']);
    expect(rig.data(2, 3)).toEqual(['deliver 2']);
  });

  it('wants no timeout, and is not disturbed by one', () => {
    rig.receiver.handle({ type: 'timeout' }, 0);
    expect([rig.receiver.poll(), rig.receiver.nextTimeoutMs()]).toEqual([undefined, undefined]);
  });
});
