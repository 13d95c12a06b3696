import { describe, expect, test } from 'vitest';
import { escapeMarkup, type LineChart, lineChartSvg } from '../../src/charts/line-chart.js';

const CHART: LineChart = {
  title: 'Waiting & sending <fast>',
  xTitle: 'round trip, ms',
  yTitle: 'messages per second',
  series: [
    {
      name: 'one "at a time"',
      points: [
        [1, 990],
        [10, 99],
        [100, 9.9],
      ],
      expected: [
        [1, 1_000],
        [10, 100],
        [100, 10],
      ],
    },
  ],
};

describe('a chart', () => {
  const svg = lineChartSvg(CHART);

  test('draws what is proportional to 1/x as a straight line', () => {
    const [, path = ''] = /stroke-dasharray="6 4" d="([^"]*)"/.exec(svg) ?? [];
    const points = path
      .slice(1)
      .split('L')
      .map((point) => point.split(',').map(Number));
    const [[x1 = 0, y1 = 0] = [], [x2 = 0, y2 = 0] = [], [x3 = 0, y3 = 0] = []] = points;
    expect(points).toHaveLength(3);
    expect((y2 - y1) / (x2 - x1)).toBeCloseTo((y3 - y2) / (x3 - x2), 3);
    // Further to the right and further down.
    expect(x2).toBeGreaterThan(x1);
    expect(y2).toBeGreaterThan(y1);
  });

  test('has a mark for each point and one in the legend', () => {
    expect(svg.match(/<path fill="#b45309"/g)).toHaveLength(4);
  });

  test('escapes its texts', () => {
    expect(svg).toContain('Waiting &#38; sending &#60;fast&#62;');
    expect(svg).toContain('one &#34;at a time&#34;');
  });
});

test.each([
  ['no points', []],
  ['a point at 0', [[0, 1]] as const],
  ['a point that is not a number', [[1, Number.NaN]] as const],
])('%s are an error', (_, points) => {
  expect(() => lineChartSvg({ ...CHART, series: [{ name: 'a', points, expected: [] }] })).toThrow(RangeError);
});

test('text is escaped for markup', () => {
  expect(escapeMarkup(`a<b>&"c"`)).toBe('a&#60;b&#62;&#38;&#34;c&#34;');
});
