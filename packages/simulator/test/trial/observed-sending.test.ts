import { openReliableChannel } from '@holdfast/reliable-channel';
import { memoryStore } from '@holdfast/reliable-channel/memory';
import { createTransport } from '@holdfast/transport';
import { createMemoryNetwork } from '@holdfast/transport/memory';
import { expect, it } from 'vitest';
import { Life } from '../../src/trial/life.js';
import { makeData } from '../../src/trial/message-body.js';
import { ObservedSending, sendOptionsOf } from '../../src/trial/observed-sending.js';
import { TraceRecorder } from '../../src/trial/trace-recorder.js';
import type { PlannedSend } from '../../src/trial/trial-plan.js';
import { createVirtualRuntime } from '../../src/virtual-runtime.js';

const PLANNED: PlannedSend = {
  ...{ atMs: 0, device: 'device-1', sender: 'device', bytes: 5, lane: 'logs', importance: 'critical', ttlMs: 0 },
  ...{ coalesceKey: '', maxAttempts: 0, cancelAfterMs: 100, plain: undefined },
};

it('asks for what is planned, and for nothing else', () => {
  expect(sendOptionsOf(PLANNED)).toEqual({ lane: 'logs', importance: 'critical' });
  const more = { ...PLANNED, lane: '', ttlMs: 7, coalesceKey: 'k', maxAttempts: 2 };
  expect(sendOptionsOf(more)).toEqual({ importance: 'critical', ttlMs: 7, coalesceKey: 'k', maxAttempts: 2 });
});

it('writes down a message from its sending to its end', async () => {
  const runtime = createVirtualRuntime({ seed: 1 });
  const recorder = new TraceRecorder(() => runtime.nowMs());
  // Nobody listens in this network.
  const transport = createTransport({ deviceId: 'device-1', link: createMemoryNetwork({ runtime }).link(), runtime });
  const channel = await openReliableChannel({ transport, store: memoryStore() });
  const sending = new ObservedSending(new Life(1, runtime, () => 0), 'device-1', recorder.record);
  sending.onOpened(channel.stats(), ['', 'logs']);
  channel.observe((event) => sending.onEvent(event));
  const data = makeData(3, 5);
  sending.onSent(3, data, PLANNED, channel.send('reading', data, sendOptionsOf(PLANNED)));
  await runtime.advance(1_000);
  const about = { who: 'device-1', n: 3 };
  expect(recorder.events).toMatchObject([
    { what: 'opened', lane: '', next: 1 },
    { what: 'opened', lane: 'logs', next: 1 },
    { ...about, what: 'send', lane: 'logs', sequence: 1 },
    { ...about, what: 'stored' },
    { ...about, what: 'calledBack', works: true, atMs: 100 },
    { ...about, what: 'settled', status: 'cancelled' },
    { what: 'ended', lane: 'logs', first: 1, last: 1, status: 'cancelled', attempts: 0 },
  ]);
});
