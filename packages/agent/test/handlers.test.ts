import { describe, expect, it } from 'vitest';
import { Handlers } from '../src/handlers.js';

const MESSAGE = { device: 'a', name: 'reading', id: undefined, isReliable: false, attempt: 1 } as const;

function handlersWith(handler: (data: unknown) => unknown): Handlers {
  const handlers = new Handlers();
  handlers.set('reading', handler);
  return handlers;
}

describe('Handlers', () => {
  it('run without a promise when the handler needs none', () => {
    expect(handlersWith(() => 'anything').run(1, MESSAGE)).toEqual({ status: 'done' });
    expect(new Handlers().run(1, MESSAGE)).toEqual({ status: 'noHandler' });
  });

  it('wait for promises, and for anything with a then', async () => {
    await expect(handlersWith(async () => 1).run(1, MESSAGE)).resolves.toEqual({ status: 'done' });
    // biome-ignore lint/suspicious/noThenProperty: query builders of databases are such thenables, and handlers return them.
    const thenable = { then: (done: (value: unknown) => void) => done(1) };
    await expect(handlersWith(() => thenable).run(1, MESSAGE)).resolves.toEqual({ status: 'done' });
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
