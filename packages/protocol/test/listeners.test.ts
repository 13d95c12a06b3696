import { afterEach, describe, expect, it, vi } from 'vitest';
import { callUserCode, Listeners } from '../src/listeners.js';

/** Catches what surfaces as an uncaught error, which would otherwise fail the test run. */
function catchDeferred(): () => void {
  const deferred: (() => void)[] = [];
  vi.stubGlobal('queueMicrotask', (callback: () => void) => deferred.push(callback));
  return () => {
    for (const callback of deferred.splice(0)) callback();
  };
}

describe('Listeners', () => {
  afterEach(() => {
    vi.unstubAllGlobals();
  });

  it('calls everyone in the order they were added, and nobody who left', () => {
    const listeners = new Listeners<number>();
    const heard: string[] = [];
    const remove = listeners.add((event) => heard.push(`first ${event}`));
    listeners.add((event) => heard.push(`second ${event}`));
    listeners.emit(1);
    remove();
    remove();
    listeners.emit(2);
    expect(heard).toEqual(['first 1', 'second 1', 'second 2']);
  });

  it('calls those who were there when the event began, whoever comes or leaves meanwhile', () => {
    const listeners = new Listeners<string>();
    const heard: string[] = [];
    listeners.add(() => {
      heard.push('first');
      removeSecond();
      listeners.add(() => heard.push('third'));
    });
    const removeSecond = listeners.add(() => heard.push('second'));
    listeners.emit('event');
    expect(heard).toEqual(['first', 'second']);
  });

  it('goes on behind a callback that throws, and lets its error surface', () => {
    const surface = catchDeferred();
    const listeners = new Listeners<string>();
    const heard: string[] = [];
    listeners.add(() => {
      throw new Error('the user broke it');
    });
    listeners.add((event) => heard.push(event));
    listeners.emit('event');
    expect(heard).toEqual(['event']);
    expect(surface).toThrow('the user broke it');
  });
});

describe('callUserCode', () => {
  afterEach(() => {
    vi.unstubAllGlobals();
  });

  it('lets nothing be thrown into Holdfast, whatever it is', () => {
    const surface = catchDeferred();
    callUserCode(() => {
      throw undefined;
    });
    let surfaced = false;
    try {
      surface();
    } catch {
      surfaced = true;
    }
    expect(surfaced).toBe(true);
  });
});
