// The report of a demo: ledger, timeline and storm on one page that needs nothing but itself.

import { count, ledgerRows } from './ledger.js';
import type { DemoResult } from './run-demo.js';
import { FAULT_TEXT } from './storm.js';
import { timelineSvg, WAY_STYLE } from './timeline-chart.js';
import { WAY_TITLE } from './way.js';

/** The whole page. */
export function reportHtml(result: DemoResult): string {
  const [header = [], ...rows] = ledgerRows(result.ways, (way) => WAY_TITLE[way]);
  const cells = (row: readonly string[]): string =>
    row.map((cell, column) => (column === 0 ? `<th scope="row">${cell}</th>` : `<td>${cell}</td>`)).join('');
  const styles = result.ways
    .map(({ way }) => `tr.${way} th { border-left: 0.4rem solid ${WAY_STYLE[way].colour}; }`)
    .join('\n');
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Holdfast: ${count(result.readings)} readings through a storm</title>
<style>
${STYLE}
${styles}
</style>
<main>
<h1>${count(result.readings)} readings through a storm</h1>
<p>Each way sent the same readings through the same faults, at the same time, in processes of its own. Delivered is what the
agent's handler wrote to its file. A plain <code>send</code> that did not answer 0 was sent again; what is lost here was
answered with 0.</p>
<table>
<thead><tr>${header.map((cell) => `<th scope="col">${cell}</th>`).join('')}</tr></thead>
<tbody>
${result.ways.map(({ way }, index) => `<tr class="${way}">${cells(rows[index] ?? [])}</tr>`).join('\n')}
</tbody>
</table>
<figure>
${timelineSvg(result)}
<figcaption>Different readings delivered over time; below, the readings that came in each quarter of a second. The top line
is everything that the sensor made.</figcaption>
</figure>
<h2>The storm (seed ${result.seed})</h2>
<ol>
${result.storm.map(stormItem).join('\n')}
</ol>
</main>
</html>
`;
}

function stormItem({ kind, atMs, durationMs }: DemoResult['storm'][number]): string {
  const length = durationMs > 0 ? `, for ${(durationMs / 1_000).toFixed(1)} s` : '';
  return `<li>${(atMs / 1_000).toFixed(1)} s${length}: ${FAULT_TEXT[kind]}</li>`;
}

const STYLE = `:root { color-scheme: light; font: 16px/1.5 system-ui, sans-serif; color: #1c1917; background: #fff; }
main { max-width: 64rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.7rem; margin: 0 0 0.5rem; }
h2 { font-size: 1.15rem; margin-top: 2rem; }
table { border-collapse: collapse; width: 100%; margin: 1.5rem 0; font-variant-numeric: tabular-nums; }
th, td { padding: 0.4rem 0.7rem; text-align: right; border-bottom: 1px solid #d6d3d1; }
th:first-child { text-align: left; }
thead th { border-bottom: 2px solid #57534e; }
figure { margin: 0; }
figcaption { color: #44403c; font-size: 0.9rem; }
svg { width: 100%; height: auto; font: 12px system-ui, sans-serif; }
svg text { fill: #292524; }
.tick line { stroke: #e7e5e4; }
.all { stroke: #292524; stroke-width: 1; }
.curve { fill: none; stroke-width: 2.5; }
.end { font-weight: 600; }
.lane path { opacity: 0.75; }
.lane line { stroke: #78716c; }
.fault rect { fill: #dc2626; opacity: 0.13; }
.fault circle { fill: #b91c1c; }
.fault text { fill: #fff; font-weight: 600; }
@media print { main { margin: 0; max-width: none; } h2 { break-after: avoid; } }`;
