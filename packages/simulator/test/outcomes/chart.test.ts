import { beforeAll, describe, expect, it } from 'vitest';
import { CHART_TEXT, CHART_TITLE, outcomesSvg, panelLetter } from '../../src/outcomes/chart.js';
import type { OutcomeRecording } from '../../src/outcomes/events.js';
import { type Element, elementsOf, numberOf, ofClass } from './markup.js';
import { madeUp, recordAll } from './rig.js';

let recordings: OutcomeRecording[] = [];
let svg = '';
let elements: Element[] = [];

beforeAll(async () => {
  recordings = await recordAll();
  svg = outcomesSvg(recordings);
  elements = elementsOf(svg);
});

describe('the picture', () => {
  it('says to those who do not see it what it is', () => {
    const [root] = elements;
    expect(root?.attributes).toMatchObject({ role: 'img', 'aria-labelledby': 'chart-title chart-text' });
    expect(elements.find(({ attributes }) => attributes.id === 'chart-title')?.text).toBe(CHART_TITLE);
    expect(elements.find(({ attributes }) => attributes.id === 'chart-text')?.text).toBe(CHART_TEXT);
  });

  it('has a panel for each outcome, with a letter and its title', () => {
    const titles = ofClass(elements, 'heading').map(({ text }) => text);
    expect(titles).toEqual(recordings.map(({ outcome }) => outcome.title));
    expect(ofClass(elements, 'letter').map(({ text }) => text)).toEqual([...'ABCDEFGHI']);
    expect([0, 8].map(panelLetter)).toEqual(['A', 'I']);
  });

  it('is true to its own words about messages, buffer and timeout', () => {
    for (const { outcome, capacityBytes, events } of recordings) {
      expect(outcome.timeoutSeconds).toBe(0.25);
      expect(capacityBytes).toBe(3_456);
      for (const event of events) if (event.type === 'called') expect(event.dataBytes).toBe(3_000);
    }
    expect(CHART_TEXT).toContain('messages of 3,000 bytes through a send buffer of 3,456');
  });

  it('has the shape of a sheet of A4 on its side', () => {
    const [, , width = 0, height = 1] = (elements[0]?.attributes.viewBox ?? '').split(' ').map(Number);
    // 281 by 194 mm are left inside the margins.
    expect(width / height).toBeGreaterThan(1.38);
    expect(width / height).toBeLessThan(1.5);
  });

  it('is black, white and grey', () => {
    const colours = svg.match(/#[0-9a-f]{3,8}\b/gi) ?? [];
    expect(colours.length).toBeGreaterThan(10);
    expect(colours.filter((colour) => !/^#([0-9a-f])\1\1$|^#([0-9a-f]{2})\2\2$/i.test(colour))).toEqual([]);
  });

  it('styles every class that it uses, and has none left over', () => {
    const used = new Set(elements.flatMap(({ attributes }) => attributes.class?.split(' ') ?? []));
    const styled = new Set([...svg.matchAll(/\.([a-z]+)(?=[ ,{])/g)].map(([, name = '']) => name));
    expect([...styled].filter((name) => !used.has(name))).toEqual([]);
    // These take what they need from their elements.
    expect([...used].filter((name) => !styled.has(name)).sort()).toEqual(['arrow', 'said']);
  });

  it('explains in its legend every kind of line and mark', () => {
    const legend = elementsOf(svg.slice(svg.lastIndexOf('\n<g transform="translate(20')).replace('</svg>', ''));
    for (const kind of [
      'call',
      'halt',
      'fill',
      'packet',
      'ack',
      'bare',
      'up',
      'vain',
      'lost',
      'fault',
      'solid',
      'got',
    ]) {
      expect(ofClass(legend, kind).length, kind).toBeGreaterThan(0);
    }
  });

  it('escapes what outcomes say', () => {
    const bad = elementsOf(outcomesSvg([madeUp([], { title: 'a < b & "c"', belief: '<script>' })]));
    expect(ofClass(bad, 'heading')[0]?.text).toBe('a &lt; b &amp; &quot;c&quot;');
    expect(bad.filter(({ name }) => name === 'script')).toEqual([]);
  });

  it('grows with the number of its panels', () => {
    const heightOf = (count: number): number => {
      const [root] = elementsOf(outcomesSvg(Array.from({ length: count }, () => madeUp([]))));
      return Number(root?.attributes.viewBox?.split(' ')[3]);
    };
    expect(heightOf(4)).toBeGreaterThan(heightOf(3));
    expect(heightOf(2)).toBe(heightOf(3));
    expect(numberOf(ofClass(elements, 'paper')[0], 'height')).toBe(heightOf(9));
  });
});
