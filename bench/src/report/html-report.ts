// A report as one page of HTML that needs nothing else.

import { escapeMarkup } from '../charts/line-chart.js';
import type { Chart, Report } from './report.js';
import { rowsTable, targetLines } from './table.js';

const STYLE = `body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 72rem; padding: 0 1rem; color: #1f2937; }
pre { overflow-x: auto; font-size: 12px; line-height: 1.4; background: #f9fafb; padding: 1rem; }
svg { max-width: 45rem; width: 100%; display: block; margin: 1rem 0; }`;

/** The page. Everything that comes from the report is escaped; charts are markup already. */
export function htmlReport(report: Report, charts: readonly Chart[]): string {
  const { bench, isQuick, environment, rows, targets, notes } = report;
  const versions = Object.entries(environment.versions).map(([name, version]) => `${name} ${version}`);
  const machine = `${environment.cpu}, ${environment.cores} cores, Node ${environment.node}, load average ${environment.loadAverage.toFixed(2)}`;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>${escapeMarkup(bench)} benchmark</title>
<style>${STYLE}</style>
</head>
<body>
<h1>${escapeMarkup(bench)}</h1>
<p>${escapeMarkup(machine)}${isQuick ? '. Quick: rough figures.' : ''}</p>
<p>${escapeMarkup(versions.join(', '))}</p>
${charts.map(({ svg }) => svg).join('\n')}
<pre>${escapeMarkup(rowsTable(rows))}</pre>
${targets.length > 0 ? `<pre>${escapeMarkup(targetLines(targets).join('\n'))}</pre>` : ''}
${notes.map((note) => `<p>${escapeMarkup(note)}</p>`).join('\n')}
</body>
</html>
`;
}
