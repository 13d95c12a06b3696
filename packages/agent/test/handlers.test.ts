import type { AnyMessages } from '@holdfast/protocol';
import * as v from 'valibot';
import { describe, expect, it } from 'vitest';
import { type AgentMessage, type Handler, Handlers, noTransaction } from '../src/handlers.js';
import { reject, retryLater, type Schemas } from '../src/index.js';

const MESSAGE: AgentMessage = {
  device: 'a',
  name: 'reading',
  id: undefined,
  isReliable: false,
  attempt: 1,
  lane: '',
  headers: {},
  inboxTransaction: noTransaction,
};

function handlersWith(handler: Handler): Handlers {
  const handlers = new Handlers();
  handlers.set('reading', handler);
  return handlers;
}

describe('Handlers', () => {
  it('run without a promise when the handler needs none', () => {
    expect(handlersWith(() => {}).run(1, MESSAGE)).toBeUndefined();
    expect(handlersWith(() => 'anything').run(1, MESSAGE)).toEqual({ status: 'replied', reply: 'anything' });
    expect(handlersWith(() => null).run(1, MESSAGE)).toEqual({ status: 'replied', reply: null });
    expect(new Handlers().run(1, MESSAGE)).toEqual({ status: 'noHandler' });
  });

  it('wait for promises, and for anything with a then', async () => {
    await expect(handlersWith(async () => 1).run(1, MESSAGE)).resolves.toEqual({ status: 'replied', reply: 1 });
    await expect(handlersWith(async () => {}).run(1, MESSAGE)).resolves.toBeUndefined();
    // biome-ignore lint/suspicious/noThenProperty: query builders of databases are such thenables, and handlers return them.
    const thenable = { then: (done: (value: unknown) => void) => done(1) };
    await expect(handlersWith(() => thenable).run(1, MESSAGE)).resolves.toEqual({ status: 'replied', reply: 1 });
  });

  it('turn everything that is thrown into a result', async () => {
    const error = new Error('no');
    const throwing = handlersWith(() => {
      throw error;
    });
    expect(throwing.run(1, MESSAGE)).toEqual({ status: 'failed', error });
    await expect(handlersWith(() => Promise.reject(error)).run(1, MESSAGE)).resolves.toEqual({
      status: 'failed',
      error,
    });
    const trap = {
      // biome-ignore lint/suspicious/noThenProperty: looking for a promise reads `then`, and that can throw.
      get then(): never {
        throw error;
      },
    };
    expect(handlersWith(() => trap).run(1, MESSAGE)).toEqual({ status: 'failed', error });
  });

  it('tell what a handler says by throwing from a failure', async () => {
    const refusing = handlersWith(async () => {
      throw reject('no');
    });
    await expect(refusing.run(1, MESSAGE)).resolves.toEqual({ status: 'rejected', reason: 'no' });
    const later = handlersWith(() => {
      throw retryLater(7);
    });
    expect(later.run(1, MESSAGE)).toMatchObject({ status: 'again', pause: { retryAfterMs: 7 } });
  });

  it('prefer the handler of the name to the one for any name, and forget both', () => {
    const ran: string[] = [];
    const handlers = handlersWith(() => ran.push('own'));
    handlers.setFallback(() => ran.push('any'));
    handlers.run(1, MESSAGE);
    handlers.run(1, { ...MESSAGE, name: 'other' });
    expect(ran).toEqual(['own', 'any']);
    handlers.clear();
    expect(handlers.run(1, MESSAGE)).toEqual({ status: 'noHandler' });
  });

  it('prefer the handler of device and name to all others, and forget it as well', () => {
    const ran: string[] = [];
    const handlers = handlersWith(() => ran.push('of all'));
    handlers.setForDevice('a', 'reading', () => ran.push('first'));
    handlers.setForDevice('a', 'reading', () => ran.push('second'));
    handlers.setForDevice('a', 'other', () => ran.push('other'));
    handlers.run(1, MESSAGE);
    handlers.run(1, { ...MESSAGE, name: 'other' });
    handlers.run(1, { ...MESSAGE, device: 'b' });
    expect(handlers.run(1, { ...MESSAGE, device: 'b', name: 'other' })).toEqual({ status: 'noHandler' });
    expect(ran).toEqual(['second', 'other', 'of all']);
    handlers.clear();
    expect(handlers.run(1, MESSAGE)).toEqual({ status: 'noHandler' });
  });

  it('must be functions', () => {
    expect(() => new Handlers().set('reading', 1 as never)).toThrow(TypeError);
    expect(() => new Handlers().setForDevice('a', 'reading', 1 as never)).toThrow(TypeError);
    expect(() => new Handlers().setFallback(undefined as never)).toThrow(TypeError);
  });
});

describe('Handlers of a name with a schema', () => {
  const schema = v.object({ readings: v.array(v.object({ celsius: v.number() })) });
  const valid = { readings: [{ celsius: 7 }] };

  function handlersFor(name: string, schemas: Schemas<AnyMessages>): { handlers: Handlers; seen: unknown[] } {
    const handlers = new Handlers(schemas);
    const seen: unknown[] = [];
    handlers.set(name, (data) => void seen.push(data));
    return { handlers, seen };
  }

  it('get the data when it is as it should be', () => {
    const { handlers, seen } = handlersFor('reading', { reading: schema });
    expect(handlers.run(valid, MESSAGE)).toBeUndefined();
    expect(seen).toEqual([valid]);
  });

  it('never see other data, which is rejected with the path of the fault', () => {
    const { handlers, seen } = handlersFor('reading', { reading: schema });
    const wrong = { readings: [{ celsius: 7 }, { celsius: 'hot' }] };
    const reason = 'data.readings[1].celsius: Invalid type: Expected number but received "hot"';
    expect(handlers.run(wrong, MESSAGE)).toEqual({ status: 'rejected', reason });
    expect(handlers.run(7, MESSAGE)).toMatchObject({ reason: expect.stringMatching(/^data: Invalid type/) });
    expect(seen).toEqual([]);
  });

  it('get what the schema makes of the data', () => {
    const trimmed = v.pipe(v.string(), v.trim());
    const { handlers, seen } = handlersFor('reading', { reading: trimmed });
    handlers.run('  press ', MESSAGE);
    expect(seen).toEqual(['press']);
  });

  it('wait for a schema that takes its time', async () => {
    const known = v.pipeAsync(
      v.string(),
      v.checkAsync(async (id) => id === 'valve', 'no such valve'),
    );
    const { handlers, seen } = handlersFor('reading', { reading: known });
    await expect(handlers.run('valve', MESSAGE)).resolves.toBeUndefined();
    await expect(handlers.run('other', MESSAGE)).resolves.toEqual({
      status: 'rejected',
      reason: 'data: no such valve',
    });
    expect(seen).toEqual(['valve']);
  });

  it('come again when the schema itself fails', async () => {
    const error = new Error('no database');
    const failing = v.check<string>(() => {
      throw error;
    });
    const failingLater = v.checkAsync<string>(() => Promise.reject(error));
    const now = handlersFor('reading', { reading: v.pipe(v.string(), failing) });
    expect(now.handlers.run('x', MESSAGE)).toEqual({ status: 'failed', error });
    const later = handlersFor('reading', { reading: v.pipeAsync(v.string(), failingLater) });
    await expect(later.handlers.run('x', MESSAGE)).resolves.toEqual({ status: 'failed', error });
  });

  it('are those of exactly that name', () => {
    const { handlers, seen } = handlersFor('toString', { reading: schema });
    handlers.run(1, { ...MESSAGE, name: 'toString' });
    expect(seen).toEqual([1]);
  });
});

it('a plain message has no transaction', async () => {
  await expect(noTransaction()).rejects.toMatchObject({ code: 'TRANSACTION_REFUSED' });
});
