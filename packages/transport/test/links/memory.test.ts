import { createVirtualRuntime } from '@holdfast/simulator';
import { describe, expect, test } from 'vitest';
import { CONNECT_REASON, type Pipe } from '../../src/index.js';
import { createMemoryNetwork, type MemoryNetworkOptions } from '../../src/links/memory.js';

type Heard = [string, unknown][];

function networkOf(options: Partial<MemoryNetworkOptions> = {}) {
  const runtime = createVirtualRuntime({ seed: 1 });
  const network = createMemoryNetwork({ runtime, ...options });
  const heard: { device: Heard; server: Heard } = { device: [], server: [] };
  const serverPipes: Pipe[] = [];
  const events = (end: 'device' | 'server') => ({
    received: (bytes: Uint8Array) => void heard[end].push([String.fromCharCode(...bytes), runtime.nowMs()]),
    closed: (detail: string) => void heard[end].push([detail, runtime.nowMs()]),
  });
  const listen = () =>
    network.listen((pipe) => {
      serverPipes.push(pipe);
      return events('server');
    });
  const dial = async (signal = new AbortController().signal): Promise<Pipe> => {
    const dialing = network.link().dial(events('device'), signal);
    dialing.catch(() => {});
    await runtime.advance(options.latencyMs ?? 0);
    return dialing;
  };
  return { runtime, network, heard, listen, dial, serverPipe: () => serverPipes.at(-1) as Pipe };
}

const text = (value: string): Uint8Array => Uint8Array.from(value, (letter) => letter.charCodeAt(0));
const nothing = (): void => {};

describe('a memory network', () => {
  test('carries bytes both ways, in order, with its latency', async () => {
    const { runtime, heard, listen, dial, serverPipe } = networkOf({ latencyMs: 20 });
    listen();
    const pipe = await dial();
    pipe.write(text('one'), nothing);
    pipe.write(text('two'), nothing);
    serverPipe().write(text('three'), nothing);
    await runtime.advance(19);
    expect(heard).toEqual({ device: [], server: [] });
    await runtime.advance(1);
    expect(heard.server).toEqual([
      ['one', 40],
      ['two', 40],
    ]);
    expect(heard.device).toEqual([['three', 40]]);
    expect([pipe.peer, serverPipe().peer]).toEqual(['server', 'device']);
  });

  test('copies bytes as they are handed over', async () => {
    const { runtime, heard, listen, dial } = networkOf();
    listen();
    const pipe = await dial();
    const bytes = text('good');
    pipe.write(bytes, nothing);
    bytes.fill(0);
    await runtime.advance(0);
    expect(heard.server).toEqual([['good', 0]]);
  });

  test('takes no more than may be on the way', async () => {
    const { runtime, listen, dial } = networkOf({ latencyMs: 10, inFlightMaxBytes: 4 });
    listen();
    const pipe = await dial();
    const taken: string[] = [];
    pipe.write(text('abc'), () => taken.push('abc'));
    await runtime.advance(0);
    pipe.write(text('de'), () => taken.push('de'));
    await runtime.advance(9);
    expect(taken).toEqual(['abc']);
    await runtime.advance(1);
    expect(taken).toEqual(['abc', 'de']);
  });

  test('tells the other end of a close behind the bytes on the way', async () => {
    const { runtime, heard, listen, dial } = networkOf({ latencyMs: 10 });
    listen();
    const pipe = await dial();
    pipe.write(text('last'), nothing);
    pipe.end();
    pipe.end();
    await runtime.advance(10);
    expect(heard.server.map(([what]) => what)).toEqual(['last', 'the other end closed the connection']);
    expect(heard.device).toEqual([]);
  });

  test('can be cut: what is on the way is lost, and both ends notice once', async () => {
    const { runtime, network, heard, listen, dial } = networkOf({ latencyMs: 10 });
    listen();
    const pipe = await dial();
    pipe.write(text('lost'), () => expect.fail('a cut pipe takes nothing'));
    network.cut();
    network.cut();
    await runtime.advance(100);
    expect(heard).toEqual({ device: [['the network was cut', 10]], server: [['the network was cut', 10]] });
  });

  test('can not be dialed without a server, out of reach, or by someone who gives up', async () => {
    const { network, listen, dial } = networkOf();
    const refused = { name: 'LinkError', reason: CONNECT_REASON.noServer };
    await expect(dial()).rejects.toMatchObject(refused);
    const end = listen();
    network.setReachable(false);
    await expect(dial()).rejects.toMatchObject(refused);
    network.setReachable(true);
    await expect(dial(AbortSignal.abort())).rejects.toMatchObject({ reason: CONNECT_REASON.notConnected });
    await expect(dial()).resolves.toBeDefined();
    end();
    await expect(dial()).rejects.toMatchObject(refused);
  });

  test('keeps a newer server when an older one ends', async () => {
    const { listen, dial } = networkOf();
    const endOlder = listen();
    listen();
    endOlder();
    await expect(dial()).resolves.toBeDefined();
  });

  test('becomes a black hole in which bytes and closes vanish, until no more fit in', async () => {
    const { runtime, network, heard, listen, dial, serverPipe } = networkOf({ inFlightMaxBytes: 5 });
    listen();
    const pipe = await dial();
    network.setBlackHole(true);
    const taken: string[] = [];
    pipe.write(text('abcd'), () => taken.push('abcd'));
    await runtime.advance(1);
    pipe.write(text('efgh'), () => taken.push('efgh'));
    await runtime.advance(1_000);
    expect(taken).toEqual(['abcd']);
    network.setBlackHole(false);
    pipe.destroy();
    serverPipe().write(text('late'), nothing);
    await runtime.advance(1_000);
    expect(heard).toEqual({ device: [], server: [] });
  });

  test('gives no answer to a dial out of a black hole', async () => {
    const { runtime, network, listen } = networkOf();
    listen();
    network.setBlackHole(true);
    const abort = new AbortController();
    let answered = false;
    const dialing = network.link().dial({ received: nothing, closed: nothing }, abort.signal);
    dialing.catch(nothing).finally(() => {
      answered = true;
    });
    await runtime.advance(100_000);
    expect(answered).toBe(false);
    abort.abort();
    await expect(dialing).rejects.toMatchObject({ reason: CONNECT_REASON.notConnected });
  });

  test('names the option that is wrong', () => {
    const runtime = createVirtualRuntime({ seed: 1 });
    expect(() => createMemoryNetwork({ runtime, latencyMs: -1 })).toThrow('latencyMs');
    expect(() => createMemoryNetwork({ runtime, inFlightMaxBytes: 0 })).toThrow('inFlightMaxBytes');
    expect(() => createMemoryNetwork({ runtime, writeMaxBytes: 0.5 })).toThrow('writeMaxBytes');
  });
});
