import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, it } from 'vitest';
import { outcomesSvg } from '../../src/outcomes/chart.js';
import { eventRows } from '../../src/outcomes/event-rows.js';
import type { OutcomeRecording } from '../../src/outcomes/events.js';
import { outcomesHtml } from '../../src/outcomes/page.js';
import { type Element, elementsOf } from './markup.js';
import { madeUp, recordAll } from './rig.js';

const DOCS = new URL('../../../../docs/', import.meta.url);

let recordings: OutcomeRecording[] = [];

beforeAll(async () => {
  recordings = await recordAll();
});

describe('docs/send-outcomes', () => {
  it('is what a run draws today, byte for byte; otherwise run `npm run timeline` and look at what has changed', () => {
    const isSame = (file: string, text: string): boolean => readFileSync(new URL(file, DOCS), 'utf8') === text;
    expect(isSame('send-outcomes.svg', outcomesSvg(recordings)), 'docs/send-outcomes.svg').toBe(true);
    expect(isSame('send-outcomes.html', outcomesHtml(recordings)), 'docs/send-outcomes.html').toBe(true);
  });
});

describe('the page', () => {
  it('has the picture, and every panel again as a table of its events', () => {
    const html = outcomesHtml(recordings);
    expect(html).toContain(outcomesSvg(recordings).trim());
    const elements = pageElements(html);
    expect(elements[0]?.attributes.lang).toBe('en');
    expect(elements.filter(({ name }) => name === 'h2').map(({ text }) => text.slice(3))).toEqual(
      recordings.map(({ outcome }) => outcome.title),
    );
    const rows = elements.filter(({ name }) => name === 'tr').length;
    const wanted = recordings.reduce((sum, recording) => sum + 1 + eventRows(recording).length, 0);
    expect(rows).toBe(wanted);
  });

  it('gives every id once, and heads every column and row', () => {
    const elements = pageElements(outcomesHtml(recordings));
    const ids = elements.flatMap(({ attributes }) => attributes.id ?? []);
    expect(new Set(ids).size).toBe(ids.length);
    const heads = elements.filter(({ name }) => name === 'th');
    expect(heads.filter(({ attributes }) => !/^(row|col)$/.test(attributes.scope ?? ''))).toEqual([]);
    expect(elements.filter(({ name }) => name === 'caption')).toHaveLength(recordings.length);
  });

  it('needs nothing from anywhere else', () => {
    const addresses = outcomesHtml(recordings).match(/(?:src|href)=|url\((?!#)|https?:\/\/[^"]+/g) ?? [];
    expect([...new Set(addresses)]).toEqual(['http://www.w3.org/2000/svg']);
  });

  it('escapes what outcomes say', () => {
    const html = outcomesHtml([madeUp([], { title: 'a < b', belief: '<script>' })]);
    expect(html).toContain('<h2>A. a &lt; b</h2>');
    expect(html).not.toContain('<script>');
  });
});

/** The page without its doctype and without the elements that HTML does not close. */
function pageElements(html: string): Element[] {
  return elementsOf(html.replace('<!doctype html>\n', '').replaceAll(/<meta [^>]*>\n/g, ''));
}
