import { NACK_CODE } from '@holdfast/protocol';
import { type DataFrame, encodeEntry } from '@holdfast/protocol/core';
import { describe, expect, it } from 'vitest';
import { type RawDevice, Rig } from './support/rig.js';

const EPOCH = '00000000000000aa';

function data(first: number, name: string, fields: Partial<DataFrame> = {}): DataFrame {
  const entries = encodeEntry(name, Uint8Array.of(first));
  return {
    type: 'data',
    epoch: EPOCH,
    floor: 1,
    lane: '',
    after: first - 1,
    first,
    attempt: 1,
    count: 1,
    entries,
    ...fields,
  };
}

async function opened(rig: Rig): Promise<RawDevice> {
  const device = await rig.welcomed('a');
  device.send({ type: 'open', epoch: EPOCH, floor: 1 });
  await rig.settle();
  device.frames.length = 0;
  return device;
}

describe('what a device is told of its message', () => {
  it('done: an ack, when the inbox has it', async () => {
    const rig = await Rig.start();
    const seen: unknown[] = [];
    rig.agent.on('reading', (value, message) => seen.push([value, message]));
    const device = await opened(rig);
    device.send(data(1, 'reading', { attempt: 3 }));
    await rig.settle();
    expect(device.frames).toMatchObject([{ type: 'ack', handled: { cumulative: 1, ranges: [] } }]);
    const message = { device: 'a', name: 'reading', id: `${EPOCH}-1`, isReliable: true, attempt: 3 };
    expect(seen).toEqual([[1, message]]);
  });

  it.each([
    ['nobody handles it', 'nobody', NACK_CODE.noHandler, 'nobody handles nobody'],
    ['the handler failed', 'fails', NACK_CODE.handlerFailed, 'the handler failed'],
  ])('%s: a nack with that reason, and nothing of what went wrong', async (_, name, code, reason) => {
    const rig = await Rig.start();
    rig.agent.on('fails', () => {
      throw new Error('the password is 1234');
    });
    const device = await opened(rig);
    device.send(data(1, name));
    await rig.settle();
    expect(device.frames).toEqual([{ type: 'nack', epoch: EPOCH, lane: '', from: 1, code, retryAfterMs: 0, reason }]);
    expect(rig.agent.stats().handledMessages).toBe(0);
  });

  it('the agent restarts: a nack for what waits, and for what comes, with a wish when to come again', async () => {
    const rig = await Rig.start({ retryAfterMs: 777 });
    rig.agent.on('reading', () => new Promise(() => {}));
    const device = await opened(rig);
    device.send(data(1, 'reading'), data(2, 'reading'));
    await rig.settle();
    void rig.agent.restart(() => new Promise(() => {}));
    device.send(data(2, 'reading'));
    await rig.settle();
    const nack = { type: 'nack', from: 2, code: NACK_CODE.restarting, retryAfterMs: 777 };
    expect(device.frames).toMatchObject([nack, nack]);
  });

  it('the agent is overloaded: a nack for what comes, while what waits is handled', async () => {
    const rig = await Rig.start({ agentQueueMaxMessages: 2 });
    const waiting: (() => void)[] = [];
    rig.agent.on('reading', () => new Promise<void>((resolve) => waiting.push(resolve)));
    const device = await opened(rig);
    for (const n of [1, 2, 3, 4]) device.send(data(n, 'reading'));
    await rig.settle();
    expect(rig.agent.stats()).toMatchObject({ isOverloaded: true, queuedMessages: 2 });
    expect(device.frames).toMatchObject([{ type: 'nack', from: 4, code: NACK_CODE.overloaded }]);
    for (let n = 1; n <= 3; n++) {
      waiting.shift()?.();
      await rig.settle();
    }
    expect(device.framesOf('ack').at(-1)).toMatchObject({ handled: { cumulative: 3 } });
    expect(rig.agent.stats().isOverloaded).toBe(false);
  });
});
