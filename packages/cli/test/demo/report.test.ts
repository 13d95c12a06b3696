import { describe, expect, it } from 'vitest';
import { makeResult } from '../../src/demo/ledger.js';
import { reportHtml } from '../../src/demo/report.js';
import { drawStorm } from '../../src/demo/storm.js';
import { timelineSvg } from '../../src/demo/timeline-chart.js';
import { WAY_NAMES, WAY_TITLE } from '../../src/demo/way.js';

const deliveries = Array.from({ length: 100 }, (_, index) => ({ index, atMs: index * 200 }));
const RESULT = {
  seed: 3,
  readings: 110,
  storm: drawStorm(3, 20_000),
  streamMs: 20_000,
  ways: WAY_NAMES.map((way) => makeResult(way, 110, deliveries)),
};

describe('timelineSvg', () => {
  const svg = timelineSvg(RESULT);

  it('marks every fault with its number and what it was', () => {
    expect(svg.match(/class="fault"/g)).toHaveLength(RESULT.storm.length);
    expect(svg).toContain(`<text x="${svg.match(/<circle cx="([\d.]+)"/)?.[1]}"`);
    expect(svg).toContain('agent killed (SIGKILL)');
  });

  it('draws one curve a way and says what it lost', () => {
    expect(svg.match(/class="curve"/g)).toHaveLength(3);
    for (const way of WAY_NAMES) expect(svg).toContain(WAY_TITLE[way]);
    expect(svg).toContain('10 lost');
  });

  it('has no coordinate that is not a number', () => {
    expect(svg).not.toMatch(/NaN|Infinity|undefined/);
  });

  it('draws a way that delivered nothing', () => {
    expect(timelineSvg({ ...RESULT, ways: [makeResult('waitTilSent', 0, [])] })).not.toMatch(/NaN|Infinity|undefined/);
  });
});

describe('reportHtml', () => {
  it('has the ledger, the picture and the storm, and loads nothing from elsewhere', () => {
    const html = reportHtml(RESULT);
    expect(html).toContain('<th scope="row">reliable channel</th><td>110</td><td>100</td><td>10</td>');
    expect(html).toContain('<svg ');
    expect(html.match(/<li>/g)).toHaveLength(RESULT.storm.length);
    expect(html.replaceAll('http://www.w3.org/2000/svg', '')).not.toMatch(/https?:|src=|@import/);
  });
});
