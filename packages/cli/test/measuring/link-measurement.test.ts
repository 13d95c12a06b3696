// Real sockets and a real agent; what is held against anything is counts, never speed.
import { createAgent } from '@holdfast/agent';
import { tcpListener } from '@holdfast/agent/tcp';
import { memoryStore } from '@holdfast/reliable-channel/memory';
import { createTransport } from '@holdfast/transport';
import { tcp } from '@holdfast/transport/tcp';
import { expect, it, onTestFinished } from 'vitest';
import { measureLink } from '../../src/measuring/link-measurement.js';

it('measures four ways, one after another, and counts what the agent handled', async () => {
  const agent = createAgent({ listeners: [tcpListener({ port: 0 })], store: memoryStore() });
  onTestFinished(() => agent.close());
  let handled = 0;
  const sizes = new Set<number>();
  agent.on('bench', (data) => {
    handled += 1;
    sizes.add(data instanceof Uint8Array ? data.length : -1);
  });
  const [listener] = await agent.listen();
  const link = tcp({ host: '127.0.0.1', port: listener?.port ?? 0 });
  const transport = createTransport({ deviceId: 'press-7', link });
  onTestFinished(() => transport.disconnect());
  const notes: string[] = [];
  const { roundTripMs, ways } = await measureLink({
    ...{ transport, target: 'here', name: 'bench', messageBytes: 100, seconds: 0.1 },
    note: (text) => notes.push(text),
  });
  expect(roundTripMs).toBeGreaterThan(0);
  expect(ways.map(({ way }) => way)).toEqual([
    'WAIT_FOR_ACK',
    'WAIT_FOR_ACK, 8 outstanding',
    'WAIT_TIL_SENT',
    'reliable channel',
  ]);
  for (const { messages, messagesPerSecond } of ways) {
    expect(messages).toBeGreaterThan(0);
    expect(messagesPerSecond).toBeGreaterThan(0);
  }
  // Plain messages may find the queue of the agent full; they are counted there.
  const dropped = Object.values(agent.stats().droppedMessages).reduce((sum, count) => sum + count, 0);
  const sent = ways.reduce((sum, { messages }) => sum + messages, 0);
  expect(handled + dropped).toBeGreaterThanOrEqual(sent);
  expect([...sizes].sort()).toEqual([-1, 100]);
  expect(notes).toHaveLength(6);
});

it('says when there is nobody to measure', async () => {
  const transport = createTransport({ deviceId: 'press-7', link: tcp({ host: '127.0.0.1', port: 1 }) });
  const plan = { transport, target: '127.0.0.1:1', name: 'bench', messageBytes: 100, seconds: 0.1, note: () => {} };
  await expect(measureLink(plan)).rejects.toThrow(/can not connect to 127.0.0.1:1/);
});
