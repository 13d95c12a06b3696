import { expect, it } from 'vitest';
import { deferred, Rig } from './support/rig.js';

it('counts what is at work, what waits in both directions, and since when', async () => {
  const rig = await Rig.start();
  expect(rig.agent.stats()).toMatchObject({
    connections: 0,
    devices: 0,
    queuedMessages: 0,
    queuedBytes: 0,
    oldestWaitMs: 0,
    outboxMessages: 0,
    outboxBytes: 0,
    deadLetters: 0,
    keptResults: 0,
  });
  const gate = deferred();
  rig.agent.on('reading', () => gate.promise);
  const channel = await rig.channel('a');
  for (let index = 0; index < 3; index++) channel.send('reading', 'x'.repeat(100));
  await rig.when(() => rig.agent.stats().runningHandlers === 1);
  await rig.settle(5_000);
  await rig.agent.device('away').send('set', 'y'.repeat(500));
  await rig.settle();
  const { queuedBytes, outboxBytes, oldestWaitMs, ...stats } = rig.agent.stats();
  expect(stats).toMatchObject({ connections: 1, devices: 1, queuedMessages: 2, runningHandlers: 1, outboxMessages: 1 });
  expect(queuedBytes).toBeGreaterThan(200);
  expect(outboxBytes).toBeGreaterThan(500);
  expect(oldestWaitMs).toBeGreaterThanOrEqual(5_000);
  gate.resolve();
  await rig.when(() => channel.stats().outboxMessages === 0);
  expect(rig.agent.stats()).toMatchObject({
    queuedMessages: 0,
    runningHandlers: 0,
    handledMessages: 3,
    oldestWaitMs: 0,
  });
});
