import { describe, expect, it } from 'vitest';
import { watchPage } from '../../src/links/page-events.js';

class FakeDocument extends EventTarget {
  visibilityState = 'visible';

  become(state: 'visible' | 'hidden'): void {
    this.visibilityState = state;
    this.dispatchEvent(new Event('visibilitychange'));
  }
}

function watch(document?: FakeDocument) {
  const window = new EventTarget();
  let returns = 0;
  const count = (): void => {
    returns += 1;
  };
  const stop = watchPage(count, { window, document });
  return { window, stop, returns: () => returns };
}

describe('watching a page', () => {
  it('tells when it is online again', () => {
    const { window, returns } = watch();
    window.dispatchEvent(new Event('offline'));
    expect(returns()).toBe(0);
    window.dispatchEvent(new Event('online'));
    expect(returns()).toBe(1);
  });

  it('tells when it is seen again, and when it runs again after it was frozen', () => {
    const document = new FakeDocument();
    const { returns } = watch(document);
    document.become('hidden');
    expect(returns()).toBe(0);
    document.become('visible');
    expect(returns()).toBe(1);
    document.dispatchEvent(new Event('freeze'));
    document.dispatchEvent(new Event('resume'));
    expect(returns()).toBe(2);
  });

  it('ends when it is told to, and leaves no listener', () => {
    const document = new FakeDocument();
    const { window, stop, returns } = watch(document);
    stop();
    window.dispatchEvent(new Event('online'));
    document.become('visible');
    document.dispatchEvent(new Event('resume'));
    expect(returns()).toBe(0);
  });

  it('has nothing to say on a platform without such events', () => {
    expect(watchPage(() => {})()).toBeUndefined();
  });
});
