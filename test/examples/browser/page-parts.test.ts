// The small parts of the example page that need no page.

import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { Announcer } from '../../../examples/browser/page/announcer.js';
import { parseReadings } from '../../../examples/browser/page/readings.js';
import { slowRadio } from '../../../examples/browser/page/slow-radio.js';
import { type StatusState, statusOf } from '../../../examples/browser/page/status-line.js';
import { TimeSeries } from '../../../examples/browser/page/time-series.js';
import { readCommand } from '../../../examples/browser/server/command.js';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

describe('a time series', () => {
  test('keeps the latest values, and knows the last and the highest of them', () => {
    const series = new TimeSeries(3);
    expect([series.latest, series.highest]).toEqual([undefined, 0]);
    for (const value of [9, 1, 2, undefined]) series.push(value);
    expect(series.values).toEqual([1, 2, undefined]);
    expect([series.latest, series.highest]).toEqual([undefined, 2]);
  });
});

test('readings are what is below the head and makes sense', () => {
  const csv =
    'timestamp,value\n2013-12-02 21:15:00,73.96\r\nnonsense\n2013-12-02 21:20:00,\n2013-12-02 21:25:00,-1.5\n';
  expect(parseReadings(csv)).toEqual([
    { at: '2013-12-02 21:15:00', celsius: 73.96 },
    { at: '2013-12-02 21:25:00', celsius: -1.5 },
  ]);
});

test('an announcer says the first thing at once, and of what follows the latest after a pause', () => {
  const region = { textContent: '' };
  const announcer = new Announcer(region as unknown as Element);
  announcer.say('one');
  expect(region.textContent).toBe('one');
  announcer.say('two');
  announcer.say('three');
  expect(region.textContent).toBe('one');
  vi.advanceTimersByTime(3_000);
  expect(region.textContent).toBe('three');
  vi.advanceTimersByTime(3_000);
  announcer.say('four');
  expect(region.textContent).toBe('four');
});

describe('a slow radio', () => {
  async function dial(bytesPerSecond: number) {
    const did: string[] = [];
    const pipe = {
      peer: 'peer',
      write: (bytes: Uint8Array, onTaken: () => void) => {
        did.push(`write ${bytes.length}`);
        onTaken();
      },
      end: () => did.push('end'),
      destroy: () => did.push('destroy'),
    };
    let closed = (_: string): void => {};
    const link = slowRadio(
      {
        name: 'link',
        writeMaxBytes: 100,
        dial: async (events) => {
          closed = events.closed;
          return pipe;
        },
      },
      { bytesPerSecond },
    );
    const events = { received: () => {}, closed: (detail: string) => did.push(`closed ${detail}`) };
    const radio = await link.dial(events, new AbortController().signal);
    return { did, radio, close: () => closed('lost') };
  }

  test('passes on at once what has no speed', async () => {
    const { did, radio } = await dial(0);
    radio.write(new Uint8Array(50), () => did.push('taken'));
    expect(did).toEqual(['write 50', 'taken']);
  });

  test('takes its time for the bytes, and ends behind them', async () => {
    const { did, radio } = await dial(100);
    radio.write(new Uint8Array(50), () => did.push('taken'));
    radio.end();
    vi.advanceTimersByTime(499);
    expect(did).toEqual([]);
    vi.advanceTimersByTime(1);
    expect(did).toEqual(['write 50', 'taken', 'end']);
  });

  test.each(['destroy', 'close'] as const)('writes nothing after %s', async (way) => {
    const { did, radio, close } = await dial(100);
    radio.write(new Uint8Array(50), () => did.push('taken'));
    if (way === 'destroy') radio.destroy();
    else close();
    vi.advanceTimersByTime(1_000);
    expect(did).toEqual([way === 'destroy' ? 'destroy' : 'closed lost']);
  });
});

describe('the status line', () => {
  const site = {
    agentUrl: 'ws://127.0.0.1:1/',
    link: 'up',
    roundTripMs: 0,
    handling: 'now',
    agent: { status: 'running', queuedMessages: 0, isOverloaded: false },
    done: { reliable: 0, repeated: 0, plain: 0, refs: [] },
  } as const;
  const fine: StatusState = {
    stats: { state: 'open', outboxMessages: 0 },
    isConnected: true,
    site,
    agentUrl: site.agentUrl,
  };

  test.each<[string, string, Partial<StatusState>]>([
    ['good', 'Connected, nothing waits', {}],
    ['busy', 'Connected, 1,200 not acknowledged yet', { stats: { state: 'open', outboxMessages: 1_200 } }],
    ['busy', 'Connecting', { isConnected: false }],
    ['busy', 'Connecting, 2 on disk', { stats: { state: 'opening', outboxMessages: 2 } }],
    ['broken', 'The server was started again: reload the page', { agentUrl: 'ws://127.0.0.1:2/' }],
    ['broken', 'The link is cut', { site: { ...site, link: 'cut' } }],
    ['broken', 'The link is a black hole', { site: { ...site, link: 'hole' } }],
    ['broken', 'The agent is dead', { site: { ...site, agent: { ...site.agent, status: 'killed' } } }],
    ['broken', 'The example’s server is gone', { site: undefined, isConnected: false }],
  ])('is %s and says "%s"', (tone, text, difference) => {
    expect(statusOf({ ...fine, ...difference })).toMatchObject({ tone, text });
  });
});

describe('a command', () => {
  test.each([{}, { link: 'hole' }, { roundTripMs: 2_000, handling: 'later', agent: 'killed' }])(
    'can be %j',
    (given) => {
      expect(readCommand(JSON.stringify(given))).toEqual(given);
    },
  );

  test.each([
    ['{', 'JSON'],
    ['null', 'an object'],
    ['[]', 'an object'],
    ['{"link":"soft"}', 'link'],
    ['{"agent":"starting"}', 'agent'],
    ['{"handling":1}', 'handling'],
    ['{"roundTripMs":2001}', 'roundTripMs'],
    ['{"roundTripMs":-1}', 'roundTripMs'],
    ['{"roundTripMs":"1"}', 'roundTripMs'],
    ['{"__proto__":{}}', 'has the fields'],
    ['{"toString":1}', 'has the fields'],
  ])('can not be %s', (text, fault) => {
    expect(() => readCommand(text)).toThrow(fault);
  });
});
