import { createVirtualRuntime } from '@holdfast/simulator';
import { LinkError } from '@holdfast/transport';
import { createMemoryNetwork } from '@holdfast/transport/memory';
import { expect, it } from 'vitest';
import { memoryListener } from '../../src/listeners/memory.js';

const NO_SIGNAL = new AbortController().signal;

it('hands every pipe to the agent, with both ends connected, until it is closed', async () => {
  const network = createMemoryNetwork({ runtime: createVirtualRuntime({ seed: 1 }) });
  const listener = memoryListener(network);
  expect([listener.isLoopback, listener.writeMaxBytes]).toEqual([true, network.writeMaxBytes]);

  const atAgent: string[] = [];
  const open = await listener.listen((makePipe) => {
    const pipe = makePipe({
      received: (bytes) => {
        atAgent.push(new TextDecoder().decode(bytes));
        pipe.write(bytes, () => {});
      },
      closed: (detail) => atAgent.push(detail),
    });
  });
  expect([open.address, open.port]).toEqual(['memory', undefined]);
  const atDevice: string[] = [];
  const device = {
    received: (bytes: Uint8Array) => atDevice.push(new TextDecoder().decode(bytes)),
    closed: (detail: string) => atDevice.push(detail),
  };
  const pipe = await network.link().dial(device, NO_SIGNAL);
  pipe.write(new TextEncoder().encode('hello'), () => {});
  await expect.poll(() => atDevice).toEqual(['hello']);

  await open.close();
  await expect(network.link().dial(device, NO_SIGNAL)).rejects.toBeInstanceOf(LinkError);
  // Pipes that are open stay.
  network.cut();
  expect([atAgent, atDevice]).toEqual([
    ['hello', 'the network was cut'],
    ['hello', 'the network was cut'],
  ]);
});

it('takes an agent that turns a pipe away at once', async () => {
  const network = createMemoryNetwork({ runtime: createVirtualRuntime({ seed: 1 }) });
  await memoryListener(network).listen((makePipe) => makePipe({ received: () => {}, closed: () => {} }).destroy());
  const ended: string[] = [];
  await network.link().dial({ received: () => {}, closed: (detail) => ended.push(detail) }, NO_SIGNAL);
  await expect.poll(() => ended).toHaveLength(1);
});
