import type { Link, PipeEvents } from '@holdfast/transport';
import { expect, test } from 'vitest';
import { Life } from '../../src/trial/life.js';
import { createVirtualRuntime } from '../../src/virtual-runtime.js';

function makeLife() {
  const runtime = createVirtualRuntime({ seed: 1 });
  const told: string[] = [];
  const tell = (what: string) => () => void told.push(what);
  return { runtime, told, tell, life: new Life(1, runtime, () => 7) };
}

test('a life has the time of all, and draws of its own', async () => {
  const { runtime, told, tell, life } = makeLife();
  life.runtime.setTimer(10, tell('timer'));
  life.runtime.clearTimer(life.runtime.setTimer(10, tell('cleared')));
  life.runtime.defer(tell('deferred'));
  await runtime.advance(20);
  expect(told).toEqual(['deferred', 'timer']);
  expect([life.runtime.nowMs(), life.runtime.wallClockMs(), life.runtime.randomUint32()]).toEqual([
    ...[20, runtime.wallClockMs(), 7],
  ]);
});

test('nothing of it runs when it is over, and what lies outside hears of that once', async () => {
  const { runtime, told, tell, life } = makeLife();
  life.runtime.setTimer(10, tell('timer'));
  life.runtime.defer(tell('deferred'));
  life.onEnd(tell('end'));
  life.end();
  life.end();
  life.guard(tell('guarded'))();
  await runtime.advance(20);
  expect([told, life.isOver]).toEqual([['end'], true]);
});

test('a link tells a life that is over nothing, and dials are counted', async () => {
  const { told, tell, life } = makeLife();
  let pipeEvents: PipeEvents | undefined;
  const pipe = { peer: 'server', write: () => {}, end: () => {}, destroy: () => {} };
  const bare: Link = {
    name: 'bare',
    writeMaxBytes: 576,
    dial: async (events) => {
      pipeEvents = events;
      return pipe;
    },
  };
  const link = life.guardLink(bare, tell('dial'));
  const received = (bytes: Uint8Array): void => void told.push(`received ${bytes.length}`);
  const opened = await link.dial({ received, closed: tell('closed') }, new AbortController().signal);
  expect([link.name, link.writeMaxBytes, opened]).toEqual(['bare', 576, pipe]);
  pipeEvents?.received(new Uint8Array(3));
  life.end();
  pipeEvents?.received(new Uint8Array(4));
  pipeEvents?.closed('gone');
  expect(told).toEqual(['dial', 'received 3']);
});
