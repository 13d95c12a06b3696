// The picture on a page, and below it every panel as a table of its events: for print, for screen readers, and for grep.

import { CHART_TEXT, CHART_TITLE, outcomesSvg, panelLetter } from './chart.js';
import { eventRows } from './event-rows.js';
import type { OutcomeRecording } from './events.js';
import { agentText, msText, policyText, returnsText } from './summary.js';
import { escapeMarkup } from './svg.js';

/** The page, complete: it needs nothing but itself. */
export function outcomesHtml(recordings: readonly OutcomeRecording[]): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeMarkup(CHART_TITLE)}</title>
<style>
${STYLE}
</style>
</head>
<body>
<main>
<figure>
${outcomesSvg(recordings).trim()}
</figure>
<section>
<h1>${escapeMarkup(CHART_TITLE)}</h1>
<p>${escapeMarkup(CHART_TEXT)}</p>
<p>The chart of Electric Imp's page on the send buffer has five points. Point 1 is the call, in every panel; point 2 is panel A;
point 3 is D and G, as the policy says; point 4 is B; point 5 is E and H. The others show what the chart leaves out: the
remaining send codes (F, I), and a 0 that was no delivery (C; D, G and I have another in their message 1).</p>
<p>The same in words, panel by panel. Every row is an event of the run; times are milliseconds from its beginning. Segments
without data are left out.</p>
</section>
${recordings.map((recording, index) => panelHtml(recording, panelLetter(index))).join('\n')}
</main>
</body>
</html>
`;
}

function panelHtml(recording: OutcomeRecording, letter: string): string {
  const { outcome } = recording;
  const rows = eventRows(recording).map(
    ({ atMs, lane, text }) =>
      `<tr><td>${msText(atMs)}</td><th scope="row">${escapeMarkup(lane)}</th><td>${escapeMarkup(text)}</td></tr>`,
  );
  return `<section id="${outcome.id}">
<h2>${letter}. ${escapeMarkup(outcome.title)}</h2>
<p>Policy: <code>${escapeMarkup(policyText(outcome))}</code></p>
<p><strong>${escapeMarkup(returnsText(recording))}.</strong>
The sender may believe ${escapeMarkup(outcome.belief)}
The agent really got ${escapeMarkup(agentText(recording))}.</p>
<table>
<caption>Events of panel ${letter}</caption>
<thead><tr><th scope="col">ms</th><th scope="col">where</th><th scope="col">what</th></tr></thead>
<tbody>
${rows.join('\n')}
</tbody>
</table>
</section>`;
}

const STYLE = `:root { color-scheme: light; font: 16px/1.45 system-ui, sans-serif; color: #000; background: #fff; }
body { margin: 1rem; }
figure { margin: 0; }
figure svg { display: block; width: 100%; height: auto; }
section { max-width: 56rem; margin: 1.5rem auto; }
h1 { font-size: 1.5rem; }
h2 { font-size: 1.1rem; }
table { border-collapse: collapse; width: 100%; font-size: 0.9rem; }
caption { text-align: left; font-style: italic; padding-bottom: 0.3rem; }
th, td { padding: 0.15rem 0.6rem; text-align: left; vertical-align: top; border-bottom: 1px solid #bbb; }
td:first-child { text-align: right; font-variant-numeric: tabular-nums; }
tbody th { font-weight: 600; white-space: nowrap; }
thead th { border-bottom: 2px solid #000; }
@page { size: A4 landscape; margin: 8mm; }
@media print {
  body { margin: 0; font-size: 10pt; }
  figure { break-after: page; }
  figure svg { max-height: 190mm; }
  h2, caption { break-after: avoid; }
  tr { break-inside: avoid; }
}`;
