// Both directions of one channel at once, over real TCP and LMDB, with both ends killed with SIGKILL in between: everything
// arrives, in order, has its effect once, and both programs come to an end by themselves.

import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createAgent, reject } from '@holdfast/agent';
import { tcpListener } from '@holdfast/agent/tcp';
import { openReliableChannel } from '@holdfast/reliable-channel';
import { lmdbStore } from '@holdfast/reliable-channel/lmdb';
import { startChaosProxy } from '@holdfast/simulator/chaos-proxy';
import { createTransport } from '@holdfast/transport';
import { tcp } from '@holdfast/transport/tcp';
import { expect, test } from 'vitest';
import { Child } from '../support/child.js';

type AgentSays = { readonly type: 'listening'; readonly port: number } | Progress;
type Progress = { readonly type: 'stored'; readonly last: number } | { readonly type: 'done' };

const AGENT = new URL('fixtures/two-ways-agent.mjs', import.meta.url);
const DEVICE = new URL('fixtures/two-ways-device.mjs', import.meta.url);
const TOTAL = 2_000;
/** Who is killed when the device has stored so many: each at the beginning, in the middle, and both. */
const KILLS = [
  [200, 'agent'],
  [500, 'device'],
  [800, 'both'],
  [1_100, 'agent'],
  [1_400, 'device'],
  [1_700, 'both'],
] as const;

test('messages of both directions survive kill -9 of either end', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-two-ways-'));
  // Takes dialers while no agent runs, so that none of them ever meets a stranger on a port that was reused.
  const deadEnd = createServer((socket) => socket.destroy());
  await new Promise<void>((resolve) => deadEnd.listen(0, '127.0.0.1', resolve));
  const nowhere = { host: '127.0.0.1', port: (deadEnd.address() as { port: number }).port };
  const proxy = await startChaosProxy({ target: nowhere });
  const startAgent = async (): Promise<Child<AgentSays>> => {
    const agent = new Child<AgentSays>(AGENT, { folder, total: TOTAL });
    const said = await agent.next(({ type }) => type === 'listening');
    if (said.type === 'listening') proxy.retarget({ host: '127.0.0.1', port: said.port });
    return agent;
  };
  const startDevice = (): Child<Progress> => new Child(DEVICE, { folder, total: TOTAL, port: proxy.port });
  let agent = await startAgent();
  let device = startDevice();
  try {
    for (const [mark, victim] of KILLS) {
      await device.next((said) => said.type === 'stored' && said.last >= mark);
      if (victim !== 'device') {
        proxy.retarget(nowhere);
        await agent.kill();
      }
      if (victim !== 'agent') {
        await device.kill();
        device = startDevice();
      }
      if (victim !== 'device') agent = await startAgent();
    }
    const isDone = ({ type }: AgentSays): boolean => type === 'done';
    await Promise.all([device.next(isDone), agent.next(isDone)]);
    device.send({ type: 'close' });
    await device.finished();
    agent.send({ type: 'close' });
    await agent.finished();
    const numbers = Array.from({ length: TOTAL }, (_, index) => index + 1);
    expect([effectsIn(folder, 'up'), effectsIn(folder, 'down')]).toEqual([numbers, numbers]);
  } finally {
    await device.dispose();
    await agent.dispose();
    await proxy.close();
    deadEnd.close();
    rmSync(folder, { recursive: true });
  }
});

test('a handler of the device records its work and its effect in one transaction', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-two-ways-'));
  const agent = createAgent({ listeners: [tcpListener({ port: 0 })], store: lmdbStore(join(folder, 'agent')) });
  const [listener] = await agent.listen();
  const link = tcp({ host: '127.0.0.1', port: Number(listener?.port) });
  const open = async () => {
    const transport = createTransport({ deviceId: 'till-1', link });
    const channel = await openReliableChannel({ transport, store: lmdbStore(join(folder, 'device')) });
    channel.on('pay', (euros, message) =>
      message.inboxTransaction((database) => {
        if (euros === 0) throw reject('nothing to pay');
        const balance = (database.get('balance') ?? 0) + euros;
        database.put('balance', balance);
        return balance;
      }),
    );
    const close = async (): Promise<void> => {
      await channel.close();
      await transport.disconnect();
    };
    return { close };
  };
  const pay = async (euros: number) => (await agent.device('till-1').send('pay', euros)).settled;
  try {
    let device = await open();
    expect([await pay(2), await pay(0)]).toMatchObject([
      { status: 'acknowledged', reply: 2 },
      { status: 'rejected', reason: 'nothing to pay' },
    ]);
    await device.close();
    const later = pay(3);
    device = await open();
    expect(await later).toEqual({ status: 'acknowledged', reply: 5 });
    await device.close();
  } finally {
    await agent.close();
    rmSync(folder, { recursive: true });
  }
});

/** The numbers whose handler has done its work, in order. */
function effectsIn(folder: string, name: string): number[] {
  const lines = readFileSync(join(folder, name), 'utf8').split('\n').slice(0, -1);
  return lines.map((line) => Number(line.split(' ')[1]));
}
