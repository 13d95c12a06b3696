// A line chart as plain SVG, both axes logarithmic: a law like 1/R is a straight line there. Readable in print: curves
// differ in their marks as well as in colour. What arithmetic says is drawn dashed.

import { scaleLog } from 'd3-scale';
import { line } from 'd3-shape';

/** A point; both values above 0. */
export type Point = readonly [x: number, y: number];

/** One curve. */
export interface Series {
  readonly name: string;
  readonly points: readonly Point[];
  /** What arithmetic says, at the same places. */
  readonly expected: readonly Point[];
}

/** What a chart shows. */
export interface LineChart {
  readonly title: string;
  readonly xTitle: string;
  readonly yTitle: string;
  readonly series: readonly Series[];
}

const WIDTH = 720;
const HEIGHT = 420;
const MARGIN = { top: 40, right: 24, bottom: 48, left: 72 };
const LEGEND_LINE = 18;
const COLOURS = ['#b45309', '#6d28d9', '#0369a1', '#047857', '#be123c'];

/** The chart as an SVG element. @throws RangeError when there is no point, or one that a logarithm does not know */
export function lineChartSvg({ title, xTitle, yTitle, series }: LineChart): string {
  const points = series.flatMap(({ points: measured, expected }) => [...measured, ...expected]);
  if (points.length === 0 || points.some(([x, y]) => !(x > 0 && y > 0 && Number.isFinite(x * y)))) {
    throw new RangeError(`${title}: a logarithmic chart needs points above 0`);
  }
  const [xs, ys] = [points.map(([x]) => x), points.map(([, y]) => y)];
  const x = scaleLog([Math.min(...xs), Math.max(...xs)], [MARGIN.left, WIDTH - MARGIN.right]);
  const y = scaleLog([Math.min(...ys), Math.max(...ys)], [HEIGHT - MARGIN.bottom, MARGIN.top]).nice();
  const draw = line<Point>(
    ([at]) => Number(px(x(at))),
    ([, value]) => Number(px(y(value))),
  );
  const height = HEIGHT + series.length * LEGEND_LINE;
  const columns = [...new Set(xs)].sort((one, other) => one - other);
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" role="img" aria-label="${escapeMarkup(title)}" font-family="system-ui, sans-serif" font-size="12" fill="#1f2937">
<title>${escapeMarkup(title)}</title>
<rect width="${WIDTH}" height="${height}" fill="#ffffff"/>
<text x="${MARGIN.left}" y="22" font-size="14" font-weight="600">${escapeMarkup(title)}</text>
${decades(y)
  .map((value) => yTick(value, y(value)))
  .join('\n')}
${columns.map((value) => xTick(value, x(value))).join('\n')}
<text x="${(MARGIN.left + WIDTH - MARGIN.right) / 2}" y="${HEIGHT - 10}" text-anchor="middle">${escapeMarkup(xTitle)}</text>
<text transform="translate(16 ${(MARGIN.top + HEIGHT - MARGIN.bottom) / 2}) rotate(-90)" text-anchor="middle">${escapeMarkup(yTitle)}</text>
${series
  .map(({ name, points: measured, expected }, index) => {
    const colour = COLOURS[index % COLOURS.length] ?? '#000000';
    const legendY = HEIGHT + index * LEGEND_LINE + 4;
    return [
      `<path fill="none" stroke="${colour}" stroke-width="4" stroke-opacity="0.3" d="${draw(measured) ?? ''}"/>`,
      `<path fill="none" stroke="${colour}" stroke-dasharray="6 4" d="${draw(expected) ?? ''}"/>`,
      ...measured.map(([at, value]) => mark(index, x(at), y(value), colour)),
      mark(index, MARGIN.left + 6, legendY, colour),
      `<text x="${MARGIN.left + 18}" y="${legendY + 4}">${escapeMarkup(name)}</text>`,
    ].join('\n');
  })
  .join('\n')}
<text x="${WIDTH - MARGIN.right}" y="${HEIGHT + 8}" text-anchor="end">marks and bands: measured; dashes: closed form</text>
</svg>
`;
}

/** The powers of ten within a scale. */
function decades(scale: ReturnType<typeof scaleLog<number, number>>): number[] {
  return scale.ticks().filter((tick) => Number.isInteger(Number(Math.log10(tick).toFixed(9))));
}

function yTick(value: number, at: number): string {
  return `<line x1="${MARGIN.left}" x2="${WIDTH - MARGIN.right}" y1="${px(at)}" y2="${px(at)}" stroke="#d1d5db"/>
<text x="${MARGIN.left - 8}" y="${px(at + 4)}" text-anchor="end">${value.toLocaleString('en-US')}</text>`;
}

function xTick(value: number, at: number): string {
  return `<line x1="${px(at)}" x2="${px(at)}" y1="${MARGIN.top}" y2="${HEIGHT - MARGIN.bottom}" stroke="#e5e7eb"/>
<text x="${px(at)}" y="${HEIGHT - MARGIN.bottom + 16}" text-anchor="middle">${value.toLocaleString('en-US')}</text>`;
}

/** A circle, a square, a triangle, a diamond. */
function mark(index: number, x: number, y: number, colour: string): string {
  const at = (dx: number, dy: number): string => `${px(x + dx)} ${px(y + dy)}`;
  const shapes = [
    `M${at(-4, 0)}a4 4 0 1 0 8 0a4 4 0 1 0 -8 0`,
    `M${at(-4, -4)}h8v8h-8z`,
    `M${at(0, -5)}l5 9h-10z`,
    `M${at(0, -5)}l5 5l-5 5l-5 -5z`,
  ];
  return `<path fill="${colour}" d="${shapes[index % shapes.length]}"/>`;
}

function px(value: number): string {
  return value.toFixed(1);
}

/** Text inside markup. */
export function escapeMarkup(text: string): string {
  return text.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);
}
