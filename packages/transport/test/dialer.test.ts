import { createVirtualRuntime } from '@holdfast/simulator';
import { describe, expect, test } from 'vitest';
import { ConnectionHost, type HostEvent } from '../src/connection-host.js';
import { Dialer } from '../src/dialer.js';
import { CONNECT_REASON, LinkError, type Pipe } from '../src/index.js';
import { OPTIONS } from './rig.js';

/** A dialer whose link opens, or does not, when the test says so. */
function bench() {
  const runtime = createVirtualRuntime({ seed: 1 });
  const events: HostEvent[] = [];
  const host: ConnectionHost = new ConnectionHost(OPTIONS, runtime, {
    event: (event) => {
      events.push(event);
      if (event.type === 'dial') void dialer.dial(host);
    },
    message: () => {},
    abandonDial: () => dialer.abandon(),
  });
  let open: (pipe: Pipe) => void = () => {};
  let fail: (error: Error) => void = () => {};
  let signal: AbortSignal | undefined;
  const dialer = new Dialer({
    name: 'test',
    writeMaxBytes: 1_000,
    dial: (_, given) => {
      signal = given;
      return new Promise((resolve, reject) => {
        open = resolve;
        fail = reject;
      });
    },
  });
  host.feed({ type: 'connect', timeoutMs: 1_000 });
  return { runtime, host, events, open: (pipe: Pipe) => open(pipe), fail: (error: Error) => fail(error), signal };
}

function pipe() {
  const calls: string[] = [];
  const made: Pipe = {
    peer: 'nowhere',
    write: () => calls.push('write'),
    end: () => calls.push('end'),
    destroy: () => calls.push('destroy'),
  };
  return { made, calls };
}

describe('Dialer', () => {
  test('hands an open pipe to its host, which says hello on it', async () => {
    const { runtime, open } = bench();
    const { made, calls } = pipe();
    open(made);
    await runtime.advance(0);
    expect(calls).toEqual(['write']);
  });

  test.each([
    [new LinkError(CONNECT_REASON.simError, 'no SIM'), CONNECT_REASON.simError],
    [new Error('something else'), CONNECT_REASON.noServer],
  ])('tells %s with its reason', async (error, reason) => {
    const { runtime, events, fail } = bench();
    fail(error);
    await runtime.advance(0);
    expect(events).toContainEqual({ type: 'connectDone', reason, detail: error.message });
  });

  test('gives up when the attempt is over, and destroys a pipe that comes too late', async () => {
    const { runtime, events, open, signal } = bench();
    await runtime.advance(1_000);
    expect(signal?.aborted).toBe(true);
    const told = events.length;
    const { made, calls } = pipe();
    open(made);
    await runtime.advance(0);
    expect(calls).toEqual(['destroy']);
    expect(events).toHaveLength(told);
  });
});
