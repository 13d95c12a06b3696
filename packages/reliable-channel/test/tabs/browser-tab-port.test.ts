// The port over stand-ins for a browser. Real ones are in test/browser/tabs.test.ts.

import { afterEach, describe, expect, it, vi } from 'vitest';
import { browserTabPort } from '../../src/tabs/browser-tab-port.js';
import type { BusMessage } from '../../src/tabs/bus-message.js';
import { FakeLocks, stubBrowser } from '../support/fake-browser.js';

afterEach(() => {
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
});

function stubPage(): EventTarget {
  stubBrowser();
  vi.stubGlobal('navigator', { locks: new FakeLocks() });
  const document = new EventTarget();
  vi.stubGlobal('document', document);
  return document;
}

describe('the surroundings of a tab', () => {
  it('are refused where there are no Web Locks, or no BroadcastChannel', () => {
    const error = (what: string) =>
      expect.objectContaining({ code: 'TABS_UNAVAILABLE', message: expect.stringContaining(what) });
    vi.stubGlobal('navigator', {});
    expect(browserTabPort).toThrow(error('no Web Locks'));
    vi.stubGlobal('navigator', { locks: new FakeLocks() });
    vi.stubGlobal('BroadcastChannel', undefined);
    expect(browserTabPort).toThrow(error('no BroadcastChannel'));
  });

  it('connect the tabs of one name', async () => {
    stubPage();
    const port = browserTabPort();
    const heard: BusMessage[] = [];
    const [first, second, other] = ['a', 'a', 'b'].map((name) => port.openBus(name, (message) => heard.push(message)));
    first?.post({ to: 'all', life: 'x' });
    await expect.poll(() => heard).toEqual([{ to: 'all', life: 'x' }]);
    for (const bus of [first, second, other]) bus?.close();
  });

  it('tell when the page stands still and when it goes on, however the browser says so', () => {
    const document = stubPage();
    const page = new EventTarget();
    vi.stubGlobal('addEventListener', page.addEventListener.bind(page));
    vi.stubGlobal('removeEventListener', page.removeEventListener.bind(page));
    const told: string[] = [];
    const stop = browserTabPort().watchPage({ freeze: () => told.push('freeze'), resume: () => told.push('resume') });
    const kept = (type: string, persisted: boolean) => Object.assign(new Event(type), { persisted });
    document.dispatchEvent(new Event('freeze'));
    document.dispatchEvent(new Event('resume'));
    page.dispatchEvent(kept('pagehide', false));
    page.dispatchEvent(kept('pagehide', true));
    page.dispatchEvent(kept('pageshow', true));
    expect(told).toEqual(['freeze', 'resume', 'freeze', 'resume']);
    stop();
    document.dispatchEvent(new Event('freeze'));
    page.dispatchEvent(kept('pagehide', true));
    expect(told).toHaveLength(4);
  });

  it('are had in a worker, which has no document', () => {
    stubPage();
    vi.stubGlobal('document', undefined);
    vi.stubGlobal('addEventListener', () => {});
    vi.stubGlobal('removeEventListener', () => {});
    browserTabPort().watchPage({ freeze: () => {}, resume: () => {} })();
  });
});
