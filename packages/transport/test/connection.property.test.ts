// What must hold whatever happens: random inputs to one core, and two cores back to back over a link that does its worst.

import { encodeFrame, type Frame } from '@holdfast/protocol/core';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  CONNECT_REASON,
  type ConnectionInput,
  type ConnectionState,
  nextConnectionState,
  SEND_OK,
  WAIT_FOR_ACK,
  WAIT_TIL_SENT,
} from '../src/core/index.js';
import { type End, Pair } from './pair.js';
import { concat, framesIn, HELLO, ofType, Rig, WELCOME } from './rig.js';

const waitFor = fc.constantFrom(WAIT_TIL_SENT, WAIT_FOR_ACK);
const timeoutMs = fc.constantFrom(0, 1, 500, 30_000, 200_000);
const dataBytes = fc.oneof(fc.nat(40), fc.nat(1_500));

/** Every frame that may come, welcome or not, and some bytes that are none. */
const incoming: fc.Arbitrary<Uint8Array> = fc.oneof(
  fc
    .constantFrom<Frame>(
      WELCOME,
      HELLO,
      { type: 'message', name: 'n', data: new Uint8Array(3) },
      { type: 'serverAck', count: 1 },
      { type: 'serverAck', count: 4 },
      { type: 'ping', nonce: 1 },
      { type: 'pong', nonce: 1 },
      { type: 'open', epoch: '0'.repeat(16), floor: 1 },
      { type: 'refuse', code: 2, retryAfterMs: 0, versionMin: 1, versionMax: 1, reason: 'no' },
      { type: 'close', code: 0, reason: 'bye' },
    )
    .map(encodeFrame),
  fc.uint8Array({ minLength: 1, maxLength: 6 }),
);

type Step =
  | { readonly do: 'feed'; readonly input: ConnectionInput | { readonly type: 'timeout' } }
  | { readonly do: 'send'; readonly options: Parameters<Rig['send']>[0] }
  | { readonly do: 'take' }
  | { readonly do: 'pass'; readonly ms: number };

const feed = (input: ConnectionInput | { readonly type: 'timeout' }): Step => ({ do: 'feed', input });

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({ waitFor, timeoutMs, dataBytes }).map((options) => ({ do: 'send', options }) as const),
  },
  { weight: 4, arbitrary: fc.constant({ do: 'take' } as const) },
  { weight: 3, arbitrary: incoming.map((bytes) => feed({ type: 'linkReceived', bytes })) },
  { weight: 2, arbitrary: fc.constantFrom(1, 400, 2_000, 70_000).map((ms) => ({ do: 'pass', ms }) as const) },
  {
    weight: 3,
    arbitrary: fc
      .constantFrom<ConnectionInput | { readonly type: 'timeout' }>(
        { type: 'connect', timeoutMs: 5_000 },
        { type: 'accept' },
        { type: 'linkOpened' },
        { type: 'linkFailed', reason: CONNECT_REASON.noServer, detail: 'refused' },
        { type: 'linkClosed', detail: 'gone' },
        { type: 'linkTook' },
        { type: 'admit' },
        { type: 'refuse', code: 2, reason: 'no', retryAfterMs: 0 },
        { type: 'disconnect', code: 0, reason: 'bye' },
        { type: 'growSendBuffer', bytes: 700 },
        { type: 'sendChannelFrame', bytes: encodeFrame({ type: 'open', epoch: '0'.repeat(16), floor: 1 }) },
        { type: 'timeout' },
      )
      .map(feed),
  },
);

/** A core under test, and what was seen of it. */
class Watched {
  readonly rig: Rig;
  readonly ids: number[] = [];
  /** What each connection has handed to its link. */
  readonly streams: Uint8Array[][] = [[]];
  readonly #isDialing: boolean;

  constructor(role: 'dialing' | 'accepting') {
    this.#isDialing = role === 'dialing';
    this.rig = new Rig({ role, sendBufferBytes: 300, sendBufferMaxBytes: 1_000, packetBytes: 50, writeMaxBytes: 120 });
  }

  run(next: Step): void {
    const { rig } = this;
    const before = rig.core.state;
    const seen = rig.outputs.length;
    if (next.do === 'feed') this.#feed(next.input);
    else if (next.do === 'send') this.ids.push(rig.send(next.options));
    else if (next.do === 'pass') rig.pass(next.ms);
    else if (rig.writing !== undefined) {
      this.streams.at(-1)?.push(rig.writing.slice());
      rig.take();
    }
    for (const output of rig.outputs.slice(seen)) if (output.type === 'idle') this.streams.push([]);
    expect(reachable(before)).toContain(rig.core.state);
    expect(rig.core.sendBuffer.usedBytes).toBeLessThanOrEqual(rig.core.sendBuffer.capacityBytes);
  }

  #feed(input: ConnectionInput | { readonly type: 'timeout' }): void {
    // A shell says that the link took something only when it was handed something, and a role has its own inputs.
    if (input.type === 'linkTook' && this.rig.writing !== undefined) return;
    if (input.type === (this.#isDialing ? 'accept' : 'connect')) return;
    this.rig.feed(input);
  }

  /** Ends everything that can still be under way. */
  finish(): void {
    this.run({ do: 'pass', ms: 300_000 });
    this.run({ do: 'feed', input: { type: 'linkClosed', detail: 'the end' } });
  }
}

/** The states that the table allows from `state` on, by any number of events. */
function reachable(state: ConnectionState): Set<ConnectionState> {
  const found = new Set([state]);
  for (const from of found) {
    for (const event of ['connect', 'accept', 'linkOpened', 'welcome', 'close', 'lost'] as const) {
      const to = nextConnectionState(from, event);
      if (to !== undefined) found.add(to);
    }
  }
  return found;
}

describe.each(['dialing', 'accepting'] as const)('a %s core, whatever comes', (role) => {
  test('answers every caller once, tells ups and downs in turn, and writes only valid frames', () => {
    fc.assert(
      fc.property(fc.boolean(), fc.array(step, { maxLength: 80 }), (isConnected, steps) => {
        const watched = new Watched(role);
        if (isConnected) for (const opening of openingOf(role)) watched.run(opening);
        for (const next of steps) watched.run(next);
        watched.finish();

        const { rig, ids, streams } = watched;
        const answers = ofType(rig.outputs, 'sendDone').map(({ id }) => id);
        expect([...answers].sort((a, b) => a - b)).toEqual(ids);

        const told = rig.outputs
          .map(({ type }) => type)
          .filter((type) => type === 'connected' || type === 'disconnected');
        for (const [index, type] of told.entries()) expect(type).toBe(index % 2 === 0 ? 'connected' : 'disconnected');
        expect(told.length % 2).toBe(0);

        for (const stream of streams) {
          const { frames } = framesIn(concat(stream));
          const closing = frames.findIndex(({ type }) => type === 'close' || type === 'refuse');
          if (closing >= 0) expect(closing).toBe(frames.length - 1);
        }
        expect(rig.core.state).toBe('idle');
        expect(rig.core.sendBuffer.usedBytes).toBe(0);
        expect(rig.core.waitingCount).toBe(0);
        expect(rig.core.nextTimeoutMs()).toBeUndefined();
        const attempts = ofType(rig.outputs, 'dial').length;
        if (role === 'dialing') expect(ofType(rig.outputs, 'connectDone').length).toBeGreaterThanOrEqual(attempts);
      }),
      { numRuns: 400 },
    );
  });
});

function openingOf(role: 'dialing' | 'accepting'): Step[] {
  return role === 'dialing'
    ? [
        feed({ type: 'connect', timeoutMs: 5_000 }),
        feed({ type: 'linkOpened' }),
        { do: 'take' },
        feed({ type: 'linkReceived', bytes: encodeFrame(WELCOME) }),
      ]
    : [feed({ type: 'accept' }), feed({ type: 'linkReceived', bytes: encodeFrame(HELLO) }), feed({ type: 'admit' })];
}

const end: fc.Arbitrary<End> = fc.constantFrom('device', 'server');
type PairStep = (pair: Pair, send: (from: End, options: Parameters<Rig['send']>[0]) => void) => void;

const pairStep: fc.Arbitrary<PairStep> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({ from: end, waitFor, dataBytes, timeoutMs: fc.constantFrom(500, 30_000) }).map(
      ({ from, ...options }): PairStep =>
        (_, send) =>
          send(from, options),
    ),
  },
  {
    weight: 8,
    arbitrary: end.map(
      (from): PairStep =>
        (pair) =>
          pair.take(from),
    ),
  },
  {
    weight: 8,
    arbitrary: fc.tuple(end, fc.integer({ min: 1, max: 400 })).map(
      ([to, bytes]): PairStep =>
        (pair) =>
          pair.deliver(to, bytes),
    ),
  },
  {
    weight: 2,
    arbitrary: fc.constantFrom(1, 300, 1_000).map(
      (ms): PairStep =>
        (pair) =>
          pair.pass(ms),
    ),
  },
  { weight: 1, arbitrary: fc.constant<PairStep>((pair) => pair.pass(61_000)) },
  { weight: 1, arbitrary: fc.constant<PairStep>((pair) => pair.cut()) },
  {
    weight: 1,
    arbitrary: end.map(
      (from): PairStep =>
        (pair) =>
          pair.feed(from, { type: 'disconnect', code: 0, reason: 'bye' }),
    ),
  },
  { weight: 6, arbitrary: fc.constant<PairStep>((pair) => pair.connect()) },
  { weight: 6, arbitrary: fc.constant<PairStep>((pair) => pair.settle()) },
);

describe('two cores back to back', () => {
  test('S12 a message that answered 0 under WAIT_FOR_ACK was received, S1 in order, S21 whole or not at all', () => {
    let acknowledged = 0;
    fc.assert(
      fc.property(fc.array(pairStep, { minLength: 40, maxLength: 120 }), (steps) => {
        const pair = new Pair({ sendBufferBytes: 500, packetBytes: 100, writeMaxBytes: 200 });
        const sent: Record<End, { id: number; name: string; waitFor: unknown }[]> = { device: [], server: [] };
        const send = (from: End, options: Parameters<Rig['send']>[0] = {}): void => {
          const name = `${from}-${sent[from].length}`;
          const id = pair.send(from, { ...options, name });
          sent[from].push({ id, name, waitFor: options.waitFor });
        };
        pair.connect();
        pair.settle();
        for (const next of steps) next(pair, send);
        pair.settle();
        pair.pass(300_000);

        for (const from of ['device', 'server'] as const) {
          const received = pair.received[from === 'device' ? 'server' : 'device'];
          const order = received.map((name) => Number(name.split('-')[1]));
          expect(order).toEqual([...new Set(order)].sort((a, b) => a - b));
          for (const { id, name, waitFor: awaited } of sent[from]) {
            const code = pair[from].codeOf(id);
            expect(code).toBeDefined();
            if (code !== SEND_OK || awaited !== WAIT_FOR_ACK) continue;
            expect(received).toContain(name);
            acknowledged += 1;
          }
        }
      }),
      { numRuns: 300 },
    );
    // The test is worth nothing when hardly any message gets through.
    expect(acknowledged).toBeGreaterThan(150);
  });

  test('carry every message over a link that does its job, however the stream is cut', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(end, dataBytes, waitFor), { maxLength: 30 }),
        fc.infiniteStream(fc.tuple(end, fc.integer({ min: 1, max: 300 }))),
        (messages, moves) => {
          const pair = new Pair({ sendBufferBytes: 500, packetBytes: 100, writeMaxBytes: 200 });
          pair.connect();
          pair.settle();
          const expected: Record<End, string[]> = { device: [], server: [] };
          const ids: [End, number][] = [];
          messages.forEach(([from, size, policy], index) => {
            const to = from === 'device' ? 'server' : 'device';
            expected[to].push(`m${index}`);
            ids.push([from, pair.send(from, { name: `m${index}`, dataBytes: size, waitFor: policy })]);
            const [towards, bytes] = moves.next().value as [End, number];
            pair.take(from);
            pair.deliver(towards, bytes);
          });
          pair.settle();
          expect(pair.received).toEqual(expected);
          expect(ids.map(([from, id]) => pair[from].codeOf(id))).toEqual(ids.map(() => SEND_OK));
        },
      ),
    );
  });
});
