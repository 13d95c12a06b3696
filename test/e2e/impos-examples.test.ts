// The example programs as their users run them: a process of their own, sockets, and a network that cuts while they run.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { createAgent } from '@holdfast/agent';
import { imposDevice } from '@holdfast/agent/impos';
import { tcpListener } from '@holdfast/agent/tcp';
import { memoryStore } from '@holdfast/reliable-channel/memory';
import { type ChaosProxy, startChaosProxy } from '@holdfast/simulator/chaos-proxy';
import { afterEach, expect, test } from 'vitest';
import { BLOBS } from '../../examples/impos/send-blobs.js';
import { MESSAGES } from '../../examples/impos/transmitter.js';

const RUN = fileURLToPath(new URL('../../examples/impos/run.js', import.meta.url));
const open: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  for (const close of open.splice(0).reverse()) await close();
});

/** An agent behind a proxy, and what its one device has sent, blobs by their first byte. */
async function startAgent(): Promise<{ proxy: ChaosProxy; received: Map<string, unknown[]> }> {
  const agent = createAgent({ listeners: [tcpListener({ port: 0 })], store: memoryStore() });
  const device = imposDevice(agent, 'imp');
  const received = new Map<string, unknown[]>();
  for (const name of ['data', 'blob', 'message']) {
    received.set(name, []);
    device.on(name, (data) => void received.get(name)?.push(data instanceof Uint8Array ? data[0] : data));
  }
  const [listener] = await agent.listen();
  open.push(() => agent.close());
  const proxy = await startChaosProxy({ target: { host: '127.0.0.1', port: listener?.port ?? 0 } });
  open.push(() => proxy.close());
  return { proxy, received };
}

/** Runs an example until it has logged `lastLine`; every line is shown to `onLine` first. */
async function runExample(args: readonly string[], lastLine: string, onLine = (_: string) => {}): Promise<string[]> {
  const child: ChildProcess = spawn(process.execPath, [RUN, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = once(child, 'close');
  open.push(async () => {
    if (child.exitCode === null) child.kill('SIGKILL');
    await ended;
  });
  const lines: string[] = [];
  for await (const line of createInterface({ input: child.stdout as NodeJS.ReadableStream })) {
    lines.push(line);
    onLine(line);
    if (line === lastLine) child.kill('SIGINT');
  }
  // It ends by itself when it is asked to.
  expect(await ended).toEqual([0, null]);
  return lines;
}

test('grow-buffer says what the buffer was and sends its data', async () => {
  const { proxy, received } = await startAgent();
  const lines = await runExample(['grow-buffer', '--port', String(proxy.port)], 'Data sent with outcome 0');
  expect(lines).toEqual(['Buffer increased to 12000 bytes from 3456 bytes', 'Data sent with outcome 0']);
  expect(received.get('data')).toEqual([7]);
});

test('send-blobs goes on where it stood after every cut', async () => {
  const { proxy, received } = await startAgent();
  proxy.delay(5);
  const numbers = Array.from({ length: BLOBS }, (_, index) => index);
  const lines = await runExample(
    ['send-blobs', '--port', String(proxy.port)],
    `Blob ${BLOBS} sent to server`,
    (line) => {
      if (/^Blob (5|10|15) /.test(line)) proxy.cut();
    },
  );
  expect(lines).toEqual(numbers.map((number) => `Blob ${number + 1} sent to server`));
  const blobs = received.get('blob') ?? [];
  expect(blobs.filter((blob, index) => blob !== blobs[index - 1])).toEqual(numbers);
});

test('S44a the transmitter gets everything into its buffer, through cuts and an outage', async () => {
  const { proxy, received } = await startAgent();
  // The program waits for nobody, so that each fault has ten of its pauses to come in.
  const lines = await runExample(
    ['transmitter', '--port', String(proxy.port), '--retry', '0.1', '--pause', '0.3'],
    'All sent',
    (line) => {
      if (line === 'Sent message 5') proxy.cut();
      if (line === 'Sent message 10') void proxy.refuse(true).then(() => proxy.cut());
      if (line === 'Connecting ended with reason 4') void proxy.refuse(false);
    },
  );
  const messages = Array.from({ length: MESSAGES }, (_, index) => `message ${index + 1}`);
  expect(lines.filter((line) => line.startsWith('Sent'))).toEqual(messages.map((message) => `Sent ${message}`));
  expect(lines).toContain('Connecting ended with reason 4');
  // What was in the buffer when the link went is lost (S16): at most what was sent right before each cut.
  const arrived = received.get('message') ?? [];
  expect(messages.filter((message) => arrived.includes(message))).toEqual(arrived);
  expect(arrived.length).toBeGreaterThanOrEqual(MESSAGES - 6);
});

test.each([
  [['nothing', '--port', '7400'], 'name one of the programs'],
  [['transmitter'], '--port'],
  [['transmitter', '--port', '7400', '--retry', 'soon'], '--retry'],
  [['transmitter', '--prot', '7400'], '--prot'],
])('%j gives one clear line', async (args, advice) => {
  const child = spawn(process.execPath, [RUN, ...args], { stdio: ['ignore', 'ignore', 'pipe'] });
  let stderr = '';
  child.stderr.on('data', (text: Buffer) => {
    stderr += text.toString();
  });
  expect(await once(child, 'close')).toEqual([2, null]);
  expect(stderr).toContain(advice);
  expect(stderr.trim().split('\n')).toHaveLength(1);
});
