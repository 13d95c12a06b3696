// The picture of a demo: readings delivered over time, one curve a way, the faults marked; below it, for each way, how many
// readings came in every quarter of a second. Plain SVG, readable in print: curves differ in dash as well as in colour.

import { scaleLinear } from 'd3-scale';
import { area, curveStepAfter, line } from 'd3-shape';
import type { DeliveredLine, WayResult } from './ledger.js';
import { count } from './ledger.js';
import type { DemoResult } from './run-demo.js';
import { FAULT_TEXT, type Fault } from './storm.js';
import { WAY_TITLE, type WayName } from './way.js';

const WIDTH = 1_000;
const MARGIN = { top: 44, right: 176, bottom: 34, left: 64 };
const CURVES_HEIGHT = 330;
const LANE_HEIGHT = 54;
const LANE_GAP = 22;
const BUCKET_MS = 250;

/** How each way is drawn. */
export const WAY_STYLE: Readonly<Record<WayName, { readonly colour: string; readonly dash: string }>> = {
  waitTilSent: { colour: '#b45309', dash: '2 4' },
  waitForAck: { colour: '#6d28d9', dash: '9 4' },
  reliableChannel: { colour: '#047857', dash: '' },
};

type Scale = (value: number) => number;

/** The picture as an SVG element. */
export function timelineSvg(result: DemoResult): string {
  const endMs = Math.max(result.streamMs, ...result.ways.map(({ seconds }) => seconds * 1_000)) * 1.01;
  const x = scaleLinear([0, endMs], [MARGIN.left, WIDTH - MARGIN.right]);
  const y = scaleLinear([0, result.readings], [MARGIN.top + CURVES_HEIGHT, MARGIN.top]);
  const lanesTop = MARGIN.top + CURVES_HEIGHT + 40;
  const bottom = lanesTop + result.ways.length * (LANE_HEIGHT + LANE_GAP);
  const height = bottom + MARGIN.bottom;
  const parts = [
    ...result.storm.map((fault, index) => faultMark(fault, index + 1, x, bottom - LANE_GAP)),
    ...axes(result, x, y, bottom - LANE_GAP, endMs),
    ...result.ways.map((way) => curve(way, x, y)),
    ...endLabels(result.ways, x, y),
    ...result.ways.map((way, index) => lane(way, x, lanesTop + index * (LANE_HEIGHT + LANE_GAP), endMs)),
  ];
  const title = 'Readings delivered over time by each of the three ways, with the faults of the storm';
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" role="img" aria-label="${title}">
<title>${title}</title>
${parts.join('\n')}
</svg>`;
}

function faultMark({ kind, atMs, durationMs }: Fault, number: number, x: Scale, bottom: number): string {
  const left = x(atMs);
  const width = Math.max(1.5, x(atMs + durationMs) - left);
  const label = `${number}: ${FAULT_TEXT[kind]} at ${(atMs / 1_000).toFixed(1)} s`;
  return `<g class="fault"><title>${label}</title>
<rect x="${px(left)}" y="${MARGIN.top}" width="${px(width)}" height="${px(bottom - MARGIN.top)}"/>
<circle cx="${px(left + width / 2)}" cy="${MARGIN.top - 16}" r="10"/>
<text x="${px(left + width / 2)}" y="${MARGIN.top - 12}" text-anchor="middle">${number}</text></g>`;
}

function axes(
  result: DemoResult,
  x: Scale,
  y: ReturnType<typeof scaleLinear<number, number>>,
  bottom: number,
  endMs: number,
): string[] {
  const right = WIDTH - MARGIN.right;
  const seconds = scaleLinear([0, endMs / 1_000], [MARGIN.left, right]);
  return [
    ...y.ticks(5).map(
      (tick) => `<g class="tick"><line x1="${MARGIN.left}" x2="${right}" y1="${px(y(tick))}" y2="${px(y(tick))}"/>
<text x="${MARGIN.left - 8}" y="${px(y(tick) + 4)}" text-anchor="end">${count(tick)}</text></g>`,
    ),
    ...seconds
      .ticks(10)
      .map(
        (tick) =>
          `<g class="tick"><text x="${px(seconds(tick))}" y="${px(bottom + 18)}" text-anchor="middle">${tick} s</text></g>`,
      ),
    `<line class="all" x1="${px(x(0))}" x2="${right}" y1="${px(y(result.readings))}" y2="${px(y(result.readings))}"/>`,
  ];
}

function curve({ way, deliveries }: WayResult, x: Scale, y: Scale): string {
  const draw = line<readonly [number, number]>(
    ([atMs]) => Number(px(x(atMs))),
    ([, delivered]) => Number(px(y(delivered))),
  ).curve(curveStepAfter);
  const { colour, dash } = WAY_STYLE[way];
  const path = draw(growth(deliveries)) ?? '';
  return `<path class="curve" stroke="${colour}" stroke-dasharray="${dash}" d="${path}"/>`;
}

/** Different readings delivered by the end of each bucket, as points. */
function growth(deliveries: readonly DeliveredLine[]): [number, number][] {
  const seen = new Set<number>();
  const points: [number, number][] = [[0, 0]];
  let bucket = 0;
  for (const { index, atMs } of deliveries) {
    if (Math.floor(atMs / 100) !== bucket) {
      points.push([atMs, seen.size]);
      bucket = Math.floor(atMs / 100);
    }
    seen.add(index);
  }
  points.push([deliveries.at(-1)?.atMs ?? 0, seen.size]);
  return points;
}

/** What each curve ends with, moved apart where the ends lie close together. */
function endLabels(ways: readonly WayResult[], x: Scale, y: Scale): string[] {
  const labels = ways
    .map(({ way, ledger, seconds }) => ({ way, ledger, left: x(seconds * 1_000) + 8, top: y(ledger.delivered) + 4 }))
    .sort((one, other) => one.top - other.top);
  let free = MARGIN.top - 8;
  return labels.map(({ way, ledger, top }) => {
    const at = Math.max(top, free);
    free = at + 34;
    const lost = ledger.lost > 0 ? `${count(ledger.lost)} lost` : 'none lost';
    const twice = ledger.duplicated > 0 ? `, ${count(ledger.duplicated)} twice` : '';
    return `<text class="end" style="fill:${WAY_STYLE[way].colour}" x="${WIDTH - MARGIN.right + 8}" y="${px(at)}">${WAY_TITLE[way]}
<tspan x="${WIDTH - MARGIN.right + 8}" dy="15">${lost}${twice}</tspan></text>`;
  });
}

function lane({ way, deliveries }: WayResult, x: Scale, top: number, endMs: number): string {
  const buckets = new Array<number>(Math.ceil(endMs / BUCKET_MS)).fill(0);
  for (const { atMs } of deliveries) {
    const bucket = Math.min(buckets.length - 1, Math.max(0, Math.floor(atMs / BUCKET_MS)));
    buckets[bucket] = (buckets[bucket] ?? 0) + 1;
  }
  const height = scaleLinear([0, Math.max(1, ...buckets)], [0, LANE_HEIGHT]);
  const base = top + LANE_HEIGHT;
  const draw = area<number>()
    .x((_, index) => Number(px(x(index * BUCKET_MS))))
    .y0(base)
    .y1((delivered) => Number(px(base - height(delivered))))
    .curve(curveStepAfter);
  const { colour } = WAY_STYLE[way];
  return `<g class="lane"><path fill="${colour}" d="${draw(buckets) ?? ''}"/>
<line x1="${MARGIN.left}" x2="${WIDTH - MARGIN.right}" y1="${base}" y2="${base}"/>
<text x="${WIDTH - MARGIN.right + 8}" y="${base - 18}">${WAY_TITLE[way]}
<tspan x="${WIDTH - MARGIN.right + 8}" dy="15">readings / ${BUCKET_MS} ms</tspan></text></g>`;
}

function px(value: number): string {
  return value.toFixed(1);
}
