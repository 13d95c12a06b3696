import { encodeFrame, type Frame } from '@holdfast/protocol/core';
import type { Link, Pipe, PipeEvents } from '@holdfast/transport';
import { describe, expect, it } from 'vitest';
import { type FrameTap, tapLink, tapServer } from '../../src/outcomes/frame-tap.js';

const PING: Frame = { type: 'ping', nonce: 7 };
const PONG: Frame = { type: 'pong', nonce: 7 };

/** A pipe that keeps what is written, and takes it when it is told to. */
class KeptPipe implements Pipe {
  readonly peer = 'kept';
  readonly written: Uint8Array[] = [];
  readonly calls: string[] = [];
  take: () => void = () => {};

  write(bytes: Uint8Array, onTaken: () => void): void {
    this.written.push(bytes);
    this.take = onTaken;
  }

  end(): void {
    this.calls.push('end');
  }

  destroy(): void {
    this.calls.push('destroy');
  }
}

/** Both ends of the port, with a tap between them that notes what it hears. */
async function tapped(): Promise<{
  pipe: Pipe;
  inner: KeptPipe;
  innerEvents: PipeEvents;
  heard: string[];
  told: string[];
}> {
  const inner = new KeptPipe();
  const heard: string[] = [];
  const told: string[] = [];
  const tap: FrameTap = {
    came: ({ type }) => heard.push(`came ${type}`),
    left: ({ type }) => heard.push(`left ${type}`),
    handedOver: () => heard.push('handed over'),
    taken: (bytes) => heard.push(`taken ${bytes}`),
  };
  let innerEvents: PipeEvents | undefined;
  const link: Link = {
    name: 'kept',
    writeMaxBytes: 576,
    dial: async (events) => {
      innerEvents = events;
      return inner;
    },
  };
  const events: PipeEvents = {
    received: (bytes) => told.push(`received ${bytes.length}`),
    closed: (detail) => told.push(`closed ${detail}`),
  };
  const pipe = await tapLink(link, tap).dial(events, new AbortController().signal);
  return { pipe, inner, innerEvents: innerEvents as PipeEvents, heard, told };
}

describe('a tapped link', () => {
  it('passes everything on as it is', async () => {
    const { pipe, inner, innerEvents, told } = await tapped();
    const bytes = encodeFrame(PING);
    pipe.write(bytes, () => told.push('taken'));
    expect(inner.written).toEqual([bytes]);
    inner.take();
    innerEvents.received(new Uint8Array(3));
    innerEvents.closed('gone');
    pipe.end();
    pipe.destroy();
    expect(told).toEqual(['taken', 'received 3', 'closed gone']);
    expect(inner.calls).toEqual(['end', 'destroy']);
  });

  it('tells of frames wherever they are cut, and of bytes handed over and taken', async () => {
    const { pipe, inner, innerEvents, heard } = await tapped();
    const [ping, pong] = [encodeFrame(PING), encodeFrame(PONG)];
    for (const byte of pong) innerEvents.received(Uint8Array.of(byte));
    expect(heard).toEqual(['came pong']);
    pipe.write(ping.subarray(0, 2), () => {});
    inner.take();
    pipe.write(ping.subarray(2), () => {});
    expect(heard.slice(1)).toEqual(['handed over', 'taken 2', 'left ping', 'handed over']);
  });

  it('keeps what it needs of a frame when the writer uses its array again', async () => {
    const { pipe, heard } = await tapped();
    const ping = encodeFrame(PING);
    const array = ping.slice(0, 6);
    pipe.write(array, () => {});
    array.fill(0xff);
    pipe.write(ping.subarray(6), () => {});
    expect(heard).toContain('left ping');
  });

  it('leaves garbage to the ends', async () => {
    const { innerEvents, heard, told } = await tapped();
    innerEvents.received(new Uint8Array(64).fill(0xff));
    innerEvents.received(encodeFrame(PING));
    expect(heard).toEqual([]);
    expect(told).toHaveLength(2);
  });
});

it('a tapped server tells of both ways of each connection', () => {
  const heard: string[] = [];
  const inner = new KeptPipe();
  let opened: PipeEvents | undefined;
  const network = {
    writeMaxBytes: 576,
    listen: (accept: (pipe: Pipe) => PipeEvents) => {
      opened = accept(inner);
      return () => heard.push('stopped');
    },
  };
  const tap: FrameTap = {
    came: ({ type }) => heard.push(`came ${type}`),
    left: ({ type }) => heard.push(`left ${type}`),
  };
  const stop = tapServer(network, tap).listen((pipe) => ({
    received: () => pipe.write(encodeFrame(PONG), () => {}),
    closed: () => {},
  }));
  opened?.received(encodeFrame(PING));
  stop();
  expect(heard).toEqual(['came ping', 'left pong', 'stopped']);
  expect(inner.written).toEqual([encodeFrame(PONG)]);
});
