// What must hold whatever happens: random inputs to one core, and two cores back to back over a link that does its worst.

import { encodeFrame, type Frame } from '@holdfast/protocol/core';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  CONNECT_REASON,
  type ConnectionInput,
  type ConnectionState,
  nextConnectionState,
  type OnError,
  RETURN_ON_ERROR,
  RETURN_ON_ERROR_NO_DISCONNECT,
  SEND_OK,
  SUSPEND_ON_ERROR,
  TIMEOUT,
  WAIT_FOR_ACK,
  WAIT_TIL_SENT,
  WOULDBLOCK,
} from '../src/core/index.js';
import { type End, Pair } from './pair.js';
import { concat, framesIn, HELLO, ofType, Rig, WELCOME } from './rig.js';

const waitFor = fc.constantFrom(WAIT_TIL_SENT, WAIT_FOR_ACK);
const onError = fc.constantFrom<OnError>(SUSPEND_ON_ERROR, RETURN_ON_ERROR, RETURN_ON_ERROR_NO_DISCONNECT);
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
      { type: 'open', epoch: '0'.repeat(16), lanes: [{ lane: '', floor: 1 }] },
      { type: 'refuse', code: 2, retryAfterMs: 0, versionMin: 1, versionMax: 1, reason: 'no' },
      { type: 'close', code: 0, reason: 'bye' },
    )
    .map(encodeFrame),
  fc.uint8Array({ minLength: 1, maxLength: 6 }),
);

type Step =
  | { readonly do: 'feed'; readonly input: ConnectionInput | { readonly type: 'timeout' } }
  | { readonly do: 'send'; readonly options: Parameters<Rig['send']>[0] }
  | { readonly do: 'flush'; readonly timeoutMs: number }
  | { readonly do: 'take' }
  | { readonly do: 'pass'; readonly ms: number };

const feed = (input: ConnectionInput | { readonly type: 'timeout' }): Step => ({ do: 'feed', input });

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc
      .record({ onError, waitFor, timeoutMs, dataBytes })
      .map((options) => ({ do: 'send', options }) as const),
  },
  { weight: 1, arbitrary: timeoutMs.map((ms) => ({ do: 'flush', timeoutMs: ms }) as const) },
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
        { type: 'giveUp' },
        { type: 'restart' },
        { type: 'powerOff' },
        { type: 'growSendBuffer', bytes: 700 },
        {
          type: 'sendChannelFrame',
          bytes: encodeFrame({ type: 'open', epoch: '0'.repeat(16), lanes: [{ lane: '', floor: 1 }] }),
        },
        { type: 'timeout' },
      )
      .map(feed),
  },
);

/** Flushes are numbered apart from sends. */
const FIRST_FLUSH_ID = 1_000_000;

/** A core under test, and what was seen of it. */
class Watched {
  readonly rig: Rig;
  /** Sends without an answer, and what they were made under. Those of a program that is gone are not among them. */
  readonly unanswered = new Map<number, OnError>();
  readonly flushing = new Set<number>();
  /** What each connection has handed to its link. */
  readonly streams: Uint8Array[][] = [[]];
  readonly #isDialing: boolean;
  #nextFlushId = FIRST_FLUSH_ID;
  #nextSendId = 1;

  constructor(role: 'dialing' | 'accepting') {
    this.#isDialing = role === 'dialing';
    this.rig = new Rig({ role, sendBufferBytes: 300, sendBufferMaxBytes: 1_000, packetBytes: 50, writeMaxBytes: 120 });
  }

  run(next: Step): void {
    const { rig } = this;
    const before = rig.core.state;
    const seen = rig.outputs.length;
    if (next.do === 'feed') this.#feed(next.input);
    else if (next.do === 'send') this.#send(next.options);
    else if (next.do === 'flush') this.#flush(next.timeoutMs);
    else if (next.do === 'pass') rig.pass(next.ms);
    else if (rig.writing !== undefined) {
      this.streams.at(-1)?.push(rig.writing.slice());
      rig.take();
    }
    for (const output of rig.outputs.slice(seen)) {
      if (output.type === 'idle') this.streams.push([]);
      if (output.type === 'sendDone') this.#onSendDone(output.id, output.code, next);
      if (output.type === 'flushDone') expect(this.flushing.delete(output.id)).toBe(true);
    }
    expect(reachable(before)).toContain(rig.core.state);
    expect(rig.core.sendBuffer.usedBytes).toBeLessThanOrEqual(rig.core.sendBuffer.capacityBytes);
  }

  #send(options: Parameters<Rig['send']>[0]): void {
    this.unanswered.set(this.#nextSendId, options?.onError ?? RETURN_ON_ERROR);
    expect(this.rig.send(options)).toBe(this.#nextSendId++);
  }

  #flush(timeoutMs: number): void {
    const id = this.#nextFlushId++;
    this.flushing.add(id);
    this.rig.feed({ type: 'flush', id, timeoutMs });
  }

  #onSendDone(id: number, code: number, step: Step): void {
    const policy = this.unanswered.get(id);
    // A second answer, or one for a program that is gone, finds nobody.
    expect(policy).toBeDefined();
    this.unanswered.delete(id);
    if (policy !== SUSPEND_ON_ERROR || code === SEND_OK) return;
    expect(step).toMatchObject({ do: 'feed', input: { type: 'disconnect' } });
  }

  #feed(input: ConnectionInput | { readonly type: 'timeout' }): void {
    // A shell says that the link took something only when it was handed something, and a role has its own inputs.
    if (input.type === 'linkTook' && this.rig.writing !== undefined) return;
    if (input.type === (this.#isDialing ? 'accept' : 'connect')) return;
    if (input.type === 'giveUp' && !this.#isDialing) return;
    if (input.type === 'restart' || input.type === 'powerOff') {
      this.unanswered.clear();
      this.flushing.clear();
    }
    this.rig.feed(input);
  }

  /** Ends everything that can still be under way, but for what is held. */
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
  test('answers every caller once or holds it, S25 never an error under SUSPEND_ON_ERROR, tells ups and downs in turn, and writes only valid frames', () => {
    fc.assert(
      fc.property(fc.boolean(), fc.array(step, { maxLength: 80 }), (isConnected, steps) => {
        const watched = new Watched(role);
        if (isConnected) for (const opening of openingOf(role)) watched.run(opening);
        for (const next of steps) watched.run(next);
        watched.finish();

        const { rig, unanswered, flushing, streams } = watched;
        expect(flushing.size).toBe(0);
        expect([...unanswered.values()]).toEqual(Array(rig.core.heldCount).fill(SUSPEND_ON_ERROR));
        watched.run(feed({ type: 'disconnect', code: 0, reason: 'no connection is wanted' }));
        expect([unanswered.size, rig.core.heldCount]).toEqual([0, 0]);

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

/** One call of `send`; its place among the calls is the name of its message. */
interface Call {
  readonly id: number;
  readonly onError: OnError;
  readonly dataBytes: number;
}

type MixedStep = (pair: Pair, calls: Record<End, Call[]>, asked: Set<End>) => void;

const mixedStep: fc.Arbitrary<MixedStep> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({ from: end, onError, waitFor, dataBytes, timeoutMs: fc.constantFrom(500, 30_000) }).map(
      ({ from, ...options }): MixedStep =>
        (pair, calls) => {
          const id = pair.send(from, { ...options, name: String(calls[from].length) });
          calls[from].push({ id, onError: options.onError, dataBytes: options.dataBytes });
        },
    ),
  },
  {
    weight: 8,
    arbitrary: end.map(
      (from): MixedStep =>
        (pair) =>
          pair.take(from),
    ),
  },
  {
    weight: 8,
    arbitrary: fc.tuple(end, fc.integer({ min: 1, max: 400 })).map(
      ([to, bytes]): MixedStep =>
        (pair) =>
          pair.deliver(to, bytes),
    ),
  },
  {
    weight: 3,
    arbitrary: fc.constantFrom(1, 300, 1_000, 61_000).map(
      (ms): MixedStep =>
        (pair) =>
          pair.pass(ms),
    ),
  },
  { weight: 2, arbitrary: fc.constant<MixedStep>((pair) => pair.cut()) },
  {
    weight: 1,
    arbitrary: end.map(
      (from): MixedStep =>
        (pair, _, asked) => {
          asked.add(from);
          pair.feed(from, { type: 'disconnect', code: 0, reason: 'bye' });
        },
    ),
  },
  { weight: 6, arbitrary: fc.constant<MixedStep>((pair) => pair.connect()) },
  { weight: 4, arbitrary: fc.constant<MixedStep>((pair) => pair.settle()) },
);

/** The places of the calls that wait for the next connection. */
function heldOf(pair: Pair, calls: Record<End, Call[]>, from: End): number[] {
  const waiting = [...calls[from].keys()].filter((place) => {
    const { id } = calls[from][place] as Call;
    return pair[from].codeOf(id) === undefined;
  });
  expect(waiting.map((place) => calls[from][place]?.onError)).toEqual(waiting.map(() => SUSPEND_ON_ERROR));
  expect(pair[from].core.heldCount).toBe(waiting.length);
  return waiting;
}

/** What has arrived at one end, one list for each connection. */
function arrivals(pair: Pair, to: End): { readonly name: string; readonly data: Uint8Array }[][] {
  const connections: { readonly name: string; readonly data: Uint8Array }[][] = [];
  for (const output of pair[to].outputs) {
    if (output.type === 'connected') connections.push([]);
    else if (output.type === 'message') connections.at(-1)?.push(output);
  }
  return connections;
}

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

  test('S25 under mixed policies each connection carries messages in the order of the calls, S21 whole; held ones go in the end', () => {
    let heldInTheEnd = 0;
    fc.assert(
      fc.property(fc.array(mixedStep, { minLength: 40, maxLength: 120 }), (steps) => {
        const pair = new Pair({ sendBufferBytes: 500, packetBytes: 100, writeMaxBytes: 200 });
        const calls: Record<End, Call[]> = { device: [], server: [] };
        const asked = new Set<End>();
        pair.connect();
        pair.settle();
        for (const next of steps) next(pair, calls, asked);
        // Whatever is up ends, and so does an attempt that came with the end.
        pair.cut();
        pair.pass(61_000);
        pair.cut();
        const held = {
          device: heldOf(pair, calls, 'device'),
          server: heldOf(pair, calls, 'server'),
        };
        pair.connect();
        pair.settle();
        expect(pair.isConnected).toBe(true);

        for (const from of ['device', 'server'] as const) {
          const { core } = pair[from];
          const connections = arrivals(pair, from === 'device' ? 'server' : 'device');
          for (const messages of connections) {
            const order = messages.map(({ name }) => Number(name));
            expect(order).toEqual([...new Set(order)].sort((a, b) => a - b));
            for (const { name, data } of messages) {
              const { id, dataBytes } = calls[from][Number(name)] as Call;
              expect([data.length, data.every((byte) => byte === id % 256)]).toEqual([dataBytes, true]);
            }
          }
          const last = (connections.at(-1) ?? []).map(({ name }) => Number(name));
          expect(last).toEqual(held[from]);
          heldInTheEnd += last.length;
          expect(core.heldCount).toBe(0);
          for (const { id, onError: policy } of calls[from]) {
            const code = pair[from].codeOf(id);
            expect(code).toBeDefined();
            if (policy === SUSPEND_ON_ERROR && !asked.has(from)) expect(code).toBe(SEND_OK);
          }
        }
      }),
      { numRuns: 300 },
    );
    // The test is worth nothing when hardly anybody is held.
    expect(heldInTheEnd).toBeGreaterThan(100);
  });

  test('S20 no send under RETURN_ON_ERROR_NO_DISCONNECT costs the connection', () => {
    const codes = new Set<unknown>();
    const call = fc.record({ waitFor, dataBytes, timeoutMs, onError: fc.constant(RETURN_ON_ERROR_NO_DISCONNECT) });
    const move = fc.constantFrom<(pair: Pair) => void>(
      (pair) => pair.take('device'),
      (pair) => pair.deliver('server', 90),
      (pair) => pair.deliver('device'),
      (pair) => pair.pass(600),
      (pair) => pair.settle(),
    );
    fc.assert(
      fc.property(fc.array(fc.oneof(call, move), { maxLength: 60 }), (steps) => {
        const pair = new Pair({ sendBufferBytes: 500, packetBytes: 100, writeMaxBytes: 200 });
        pair.connect();
        pair.settle();
        const ids: number[] = [];
        for (const next of steps) {
          if (typeof next === 'function') next(pair);
          else ids.push(pair.send('device', next));
        }
        expect(pair.isConnected).toBe(true);
        expect(ofType(pair.device.outputs, 'linkClose')).toEqual([]);
        for (const id of ids) codes.add(pair.device.codeOf(id));
      }),
    );
    for (const code of [SEND_OK, TIMEOUT, WOULDBLOCK]) expect(codes).toContain(code);
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
