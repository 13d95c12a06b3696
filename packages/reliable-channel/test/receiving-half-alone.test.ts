// The receiving half with a sender that the test plays: what handlers answer, and transactions of theirs.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { NACK_CODE } from '@holdfast/protocol';
import { REPLY_MAX_BYTES } from '@holdfast/protocol/core';
import { createVirtualRuntime, type VirtualRuntime } from '@holdfast/simulator';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  CheckedStore,
  GroupCommit,
  type HandlingResult,
  type IncomingMessage,
  inboxTransaction,
  ReceivingHalf,
  type Store,
  type StoreFactory,
} from '../src/index.js';
import { lmdbStore } from '../src/stores/lmdb.js';
import { memoryStore } from '../src/stores/memory.js';
import { StubSender } from './support/stub-sender.js';

type Handle = (message: IncomingMessage) => HandlingResult | Promise<HandlingResult>;

let runtime: VirtualRuntime;
let store: Store;
let commits: GroupCommit;
let sender: StubSender;
let half: ReceivingHalf;
let handled: IncomingMessage[];
let told: string[];
let handle: Handle;

async function start(factory: StoreFactory): Promise<void> {
  store = new CheckedStore(await factory.open());
  await connect();
}

/** A new receiving half on the store, as after a restart, with a sender that has opened. */
async function connect(): Promise<void> {
  commits = new GroupCommit(store, runtime);
  half = await ReceivingHalf.open(store, {
    runtime,
    senderId: 'press-7',
    creditMessages: 100,
    inbox: commits,
    handle: (message) => {
      handled.push(message);
      return handle(message);
    },
    onWaitingChanged: () => {},
    onStoreProblem: (detail) => told.push(`store: ${detail}`),
    onReplyDropped: ({ id, name }, detail) => told.push(`reply of ${name} ${id}: ${detail}`),
    onDataRefused: ({ id, name }, detail) => told.push(`data of ${name} ${id}: ${detail}`),
  });
  sender = new StubSender();
  half.attach(sender);
  sender.open();
}

beforeEach(() => {
  runtime = createVirtualRuntime({ seed: 1 });
  handled = [];
  told = [];
  handle = () => undefined;
});

const settle = (): Promise<void> => runtime.advance(0);

describe('a receiving half and what handlers answer', () => {
  beforeEach(() => start(memoryStore()));
  afterEach(() => store.close());

  it('hands out a message with its id, lane, headers and data', async () => {
    sender.send(1, [{ data: { celsius: 7 }, headers: { traceparent: '00-1' } }], { lane: 'alarms' });
    sender.send(1, [{}]);
    expect(handled).toMatchObject([
      {
        id: '00000000000000aa-alarms-1',
        name: 'reading',
        lane: 'alarms',
        headers: { traceparent: '00-1' },
        attempt: 1,
      },
      { id: '00000000000000aa--1', lane: '', headers: {} },
    ]);
    expect(handled[0]?.data).toEqual({ celsius: 7 });
  });

  it('sends a reply before the ack, once it is recorded', async () => {
    handle = () => ({ status: 'replied', reply: 'ok' });
    sender.send(1, [{}, {}]);
    expect(sender.framesOf('results')).toEqual([]);
    await settle();
    expect(sender.frames.map(({ type }) => type)).toEqual(['opened', 'results', 'ack']);
    const value = Uint8Array.of(0xa2, 0x6f, 0x6b);
    expect(sender.framesOf('results')[0]?.results).toEqual([
      { sequence: 1, kind: 'reply', value },
      { sequence: 2, kind: 'reply', value },
    ]);
  });

  it('sends a refusal for good, and goes on with the next message', async () => {
    handle = ({ data }) => (data === 1 ? { status: 'rejected', reason: 'no such valve' } : undefined);
    sender.send(1, [{ data: 1 }, { data: 2 }]);
    await settle();
    expect(sender.framesOf('results')[0]?.results).toEqual([
      { sequence: 1, kind: 'rejected', reason: 'no such valve' },
    ]);
    expect([handled.length, sender.ackedUpTo()]).toEqual([2, 2]);
  });

  it('gives back a message that is to come again, as the handler says', async () => {
    const pause = { code: NACK_CODE.retryLater, retryAfterMs: 5_000, reason: 'busy' };
    handle = () => ({ status: 'again', pause });
    sender.send(1, [{}, {}]);
    await settle();
    expect(sender.framesOf('nack')).toEqual([{ type: 'nack', epoch: '00000000000000aa', lane: '', from: 1, ...pause }]);
  });

  it('says what it kept after a restart, and forgets it when the sender has it', async () => {
    handle = () => ({ status: 'replied', reply: 1 });
    sender.send(1, [{}]);
    await settle();
    await connect();
    expect(sender.frames.map(({ type }) => type)).toEqual(['results', 'opened']);
    expect(half.keptResults).toBe(1);
    sender.open([{ lane: '', floor: 2 }]);
    expect(half.keptResults).toBe(0);
  });

  it('counts a message as handled whose reply can not be sent, and says so', async () => {
    const replies = [() => 1, new Uint8Array(REPLY_MAX_BYTES), 'x'.repeat(REPLY_MAX_BYTES), null];
    handle = ({ data }) => ({ status: 'replied', reply: replies[data as number] });
    sender.send(1, [{ data: 0 }, { data: 1 }, { data: 2 }, { data: 3 }]);
    await settle();
    expect(told).toEqual([
      'reply of reading 00000000000000aa--1: data is a function, which cannot be sent; send plain data',
      'reply of reading 00000000000000aa--2: the reply has 65541 bytes; at most 65536 are allowed',
      'reply of reading 00000000000000aa--3: the reply has 65541 bytes; at most 65536 are allowed',
    ]);
    expect(sender.framesOf('results')[0]?.results.map(({ sequence }) => sequence)).toEqual([4]);
    expect(sender.ackedUpTo()).toBe(4);
  });

  it('refuses data that makes no sense for good, and never shows it to a handler', async () => {
    sender.send(1, [{ bytes: Uint8Array.of(0xc1) }, { data: 2 }]);
    await settle();
    expect(handled.map(({ data }) => data)).toEqual([2]);
    expect(sender.framesOf('results')[0]?.results).toMatchObject([{ sequence: 1, kind: 'rejected' }]);
    expect(told[0]).toContain('data of reading 00000000000000aa--1: ');
    expect(sender.ackedUpTo()).toBe(2);
  });

  it('grants the credit that it is told to', () => {
    half.setCredit(7);
    half.setCredit(0);
    sender.open();
    half.setCredit(50);
    expect(sender.framesOf('opened').map(({ credit }) => credit)).toEqual([100, 0]);
    expect(sender.framesOf('ack').map(({ credit }) => credit)).toEqual([50]);
  });

  it('knows how much waits, and since when', async () => {
    handle = () => new Promise(() => {});
    sender.send(1, [{}, {}, {}]);
    await runtime.advance(500);
    expect([half.waitingCount, half.waitingBytes, half.waitingSinceMs]).toEqual([2, 2, 0]);
  });

  it('refuses a transaction when its store has none', async () => {
    const failures: unknown[] = [];
    handle = async (message) => {
      await message.inboxTransaction(() => 1).catch((error) => failures.push(error));
      return undefined;
    };
    sender.send(1, [{}]);
    await settle();
    expect(failures).toMatchObject([{ code: 'TRANSACTION_REFUSED' }]);
    expect(sender.ackedUpTo()).toBe(1);
  });
});

describe('a receiving half and transactions of handlers', () => {
  let folder: string;

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'holdfast-inbox-'));
    await start(lmdbStore(folder));
  });

  afterEach(async () => {
    await store.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const again: HandlingResult = {
    status: 'again',
    pause: { code: NACK_CODE.handlerFailed, retryAfterMs: 0, reason: 'no' },
  };
  const count = (): Promise<number> =>
    inboxTransaction(
      store,
      commits,
      (database) => database.get('count') ?? 0,
      () => [],
    );

  /** Lets real commits happen until it is so. */
  async function until(isSo: () => boolean): Promise<void> {
    while (!isSo()) {
      await new Promise((resolve) => setImmediate(resolve));
      await settle();
    }
  }

  /** Adds one to the count. */
  function addOne(message: IncomingMessage): Promise<number> {
    return message.inboxTransaction((database) => {
      const next = (database.get('count') ?? 0) + 1;
      database.put('count', next);
      return next;
    });
  }

  it('records the message with what the handler wrote, and what the work returned as its reply', async () => {
    const results: number[] = [];
    handle = async (message) => {
      results.push(await addOne(message));
      return { status: 'replied', reply: 'too late' };
    };
    sender.send(1, [{}, {}, {}]);
    await until(() => sender.ackedUpTo() === 3);
    expect(results).toEqual([1, 2, 3]);
    expect(sender.framesOf('results').flatMap((frame) => frame.results)).toEqual(
      [1, 2, 3].map((sequence) => ({ sequence, kind: 'reply', value: Uint8Array.of(sequence) })),
    );
    await connect();
    sender.send(1, [{}, {}, {}]);
    await settle();
    expect([handled.length, await count()]).toEqual([3, 3]);
  });

  it('records nothing when the work throws, and the message comes again', async () => {
    const failures: unknown[] = [];
    handle = async (message) => {
      try {
        await message.inboxTransaction((database) => {
          database.put('count', 99);
          if (failures.length < 2) throw new Error('no');
          database.put('count', 1);
        });
        return undefined;
      } catch (error) {
        failures.push(error);
        return again;
      }
    };
    for (let tries = 0; tries < 3; tries++) {
      sender.send(1, [{}]);
      await until(() => sender.framesOf('nack').length + sender.ackedUpTo() === tries + 1);
    }
    expect(failures).toEqual([new Error('no'), new Error('no')]);
    expect([handled.length, await count(), sender.ackedUpTo()]).toEqual([3, 1, 1]);
  });

  it('changes nothing any more by what the handler does afterwards', async () => {
    handle = async (message) => {
      await addOne(message);
      return again;
    };
    sender.send(1, [{}, {}]);
    await until(() => sender.ackedUpTo() === 2);
    expect([sender.framesOf('nack'), await count()]).toEqual([[], 2]);
  });

  it('waits for a transaction that the handler did not wait for', async () => {
    handle = (message) => {
      if (message.data === 'throw') {
        message
          .inboxTransaction(() => {
            throw new Error('no');
          })
          .catch(() => {});
      } else void addOne(message);
      return undefined;
    };
    sender.send(1, [{}, { data: 'throw' }]);
    await until(() => sender.framesOf('nack').length === 1);
    expect([await count(), sender.ackedUpTo(), sender.framesOf('nack')[0]?.from]).toEqual([1, 1, 2]);
  });

  it('is there once for a message, and only while its handler runs', async () => {
    const failures: unknown[] = [];
    const refusedAs = (promise: Promise<unknown>): Promise<unknown> =>
      promise.catch((error) => failures.push(error.code));
    handle = async (message) => {
      const first = addOne(message);
      await refusedAs(addOne(message));
      await first;
      await refusedAs(addOne(message));
      return undefined;
    };
    sender.send(1, [{}]);
    await until(() => sender.ackedUpTo() === 1);
    handle = () => undefined;
    sender.send(2, [{}]);
    await until(() => sender.ackedUpTo() === 2);
    await refusedAs(addOne(handled[1] as IncomingMessage));
    expect(failures).toEqual(Array(3).fill('TRANSACTION_REFUSED'));
    expect(await count()).toBe(1);
  });

  it('takes back a transaction whose work is not synchronous', async () => {
    let failure: unknown;
    handle = async (message) => {
      failure = await message.inboxTransaction(async (database) => database.put('count', 5)).catch((error) => error);
      return undefined;
    };
    sender.send(1, [{}]);
    await until(() => sender.ackedUpTo() === 1);
    expect(failure).toBeInstanceOf(TypeError);
    expect(await count()).toBe(0);
  });

  it('keeps lanes and commits going beside it', async () => {
    handle = async (message) => {
      if (message.lane === 'a') await addOne(message);
      return undefined;
    };
    for (let first = 1; first < 50; first++) {
      sender.send(first, [{}], { lane: 'a' });
      sender.send(first, [{}], { lane: 'b' });
    }
    await until(() => sender.ackedUpTo('a') === 49 && sender.ackedUpTo('b') === 49);
    expect([await count(), told]).toEqual([49, []]);
  });
});
