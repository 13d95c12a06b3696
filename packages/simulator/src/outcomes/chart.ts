// The whole picture: all outcomes on one sheet of paper that lies on its side, on one scale of time. Black on white: what
// differs, differs in line, dash and mark.

import type { OutcomeRecording } from './events.js';
import { PANEL, panelSvg } from './panel.js';
import { escapeMarkup, px, wrapText } from './svg.js';

const COLUMNS = 3;
const MARGIN = 20;
const GAP = { x: 24, y: 14 };
const HEADER = 66;
const LEGEND = 52;
const WIDTH = 2 * MARGIN + COLUMNS * PANEL.width + (COLUMNS - 1) * GAP.x;

/** What the picture is called. */
export const CHART_TITLE = 'What agent.send() answers, and what became of the message';

/** What the picture shows, in two sentences; the same in words for those who do not see it. */
export const CHART_TEXT =
  'Each panel is one run of the real transport and agent over the simulated path, drawn from the events that were recorded: ' +
  'a program sends messages of 3,000 bytes through a send buffer of 3,456 to a WiFi chip that holds four packets of 576. ' +
  'All panels share one scale of time. The timeout is 0.25 s in all of them, in place of the usual 30 s, so that a round trip ' +
  'of 80 ms can be seen beside it.';

/** Letters for so many panels. */
export function panelLetter(index: number): string {
  return String.fromCharCode('A'.charCodeAt(0) + index);
}

/** The picture as an SVG document without a prolog, fit to stand inside a page as well. */
export function outcomesSvg(recordings: readonly OutcomeRecording[]): string {
  const rows = Math.ceil(recordings.length / COLUMNS);
  const legendTop = HEADER + MARGIN + rows * (PANEL.height + GAP.y);
  const height = legendTop + LEGEND + MARGIN / 2;
  const panels = recordings.map((recording, index) => {
    const x = MARGIN + (index % COLUMNS) * (PANEL.width + GAP.x);
    const y = HEADER + MARGIN + Math.floor(index / COLUMNS) * (PANEL.height + GAP.y);
    return `<g transform="translate(${x} ${y})">\n${panelSvg(recording, panelLetter(index))}\n</g>`;
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" role="img" aria-labelledby="chart-title chart-text">
<title id="chart-title">${escapeMarkup(CHART_TITLE)}</title>
<desc id="chart-text">${escapeMarkup(CHART_TEXT)}</desc>
<style>
${STYLE}
</style>
<defs>
<pattern id="hatch" width="5" height="5" patternUnits="userSpaceOnUse" patternTransform="rotate(45)"><path d="M0 0V5" stroke="#000" stroke-width="2.4"/></pattern>
<marker id="head" viewBox="0 0 6 6" refX="5.5" refY="3" markerWidth="6" markerHeight="6" markerUnits="userSpaceOnUse" orient="auto"><path class="solid" d="M0 0.5L6 3L0 5.5Z"/></marker>
</defs>
<rect class="paper" width="${WIDTH}" height="${height}"/>
<text class="title" x="${MARGIN}" y="36">${escapeMarkup(CHART_TITLE)}</text>
${wrapText(CHART_TEXT, 270)
  .map((line, index) => `<text class="said" x="${MARGIN}" y="${54 + index * 14}">${escapeMarkup(line)}</text>`)
  .join('\n')}
${panels.join('\n')}
<g transform="translate(${MARGIN} ${legendTop})">
${legend()}
</g>
</svg>
`;
}

/** A mark of the legend, drawn around 0, 0 in 26 by 12, and what it means. */
const MARKS: readonly (readonly [mark: string, text: string])[] = [
  [
    '<rect class="call" x="-13" y="-5" width="26" height="10"/>',
    'send() from call to return; which message, which code',
  ],
  ['<rect class="halt" x="-13" y="-5" width="26" height="10"/>', 'the program is halted (SUSPEND_ON_ERROR)'],
  [
    '<path class="fill" d="M-13 5V-4H0V1H13V5Z"/><path class="curve" d="M-13 -4H0V1H13"/><path class="limit" d="M-13 -6H13"/>',
    'bytes in the send buffer, below its size',
  ],
  ['<path class="packet" d="M-13 -4L13 4"/>', 'a packet with data'],
  ['<path class="ack" d="M-13 4L13 -4"/>', 'a packet from the server: its server ack, or its welcome'],
  ['<path class="bare" d="M-13 4L13 -4"/>', 'a segment without data: TCP opens or acknowledges'],
  ['<path class="up" d="M-13 0H13"/>', 'WiFi lane: there is a connection'],
  ['<path class="vain" d="M-6 -3v6M0 -3v6M6 -3v6"/>', 'sent over the radio without an answer from the access point'],
  ['<path class="lost" d="M-3 -3l6 6m0 -6l-6 6"/>', 'a packet is lost'],
  ['<rect class="fault" x="-13" y="-6" width="26" height="12"/>', 'a fault: its time, and the stage that has it'],
  ['<rect class="solid" x="-3.5" y="-3.5" width="7" height="7"/>', 'the server has the whole message'],
  ['<circle class="solid" r="7"/><text class="got" y="3.5">1</text>', 'the agent has handled message 1'],
];

function legend(): string {
  const columns = 4;
  const columnWidth = (WIDTH - 2 * MARGIN) / columns;
  const rowHeight = 17;
  return MARKS.map(([mark, text], index) => {
    const x = 13 + Math.floor(index / (MARKS.length / columns)) * columnWidth;
    const y = 6 + (index % (MARKS.length / columns)) * rowHeight;
    return `<g transform="translate(${px(x)} ${px(y)})">${mark}<text class="said" x="20" y="4">${text}</text></g>`;
  }).join('\n');
}

const STYLE = `svg { font-family: "Helvetica Neue", Helvetica, Arial, "Liberation Sans", sans-serif; }
text { fill: #000; font-size: 11.5px; }
path, rect, circle { fill: none; stroke: #000; }
.paper { fill: #fff; stroke: none; }
.title { font-size: 22px; font-weight: 700; }
.letter, .heading { font-size: 13.5px; font-weight: 700; }
.policy { font-size: 11px; font-family: "DejaVu Sans Mono", Menlo, Consolas, monospace; }
.small, .tick { font-size: 10px; }
.tick, .message, .got, .middle { text-anchor: middle; }
.lane, .end { text-anchor: end; }
.message, .code, .told { font-weight: 700; }
.note { font-size: 10.5px; }
.note, .code { paint-order: stroke; stroke: #fff; stroke-width: 4px; stroke-linejoin: round; }
.inside { stroke: none; }
.got { fill: #fff; font-size: 10.5px; font-weight: 700; }
.grid { stroke: #ddd; stroke-width: 0.7; }
.line { stroke: #777; stroke-width: 0.7; }
.limit { stroke-width: 0.8; stroke-dasharray: 1 2; }
.call { fill: #fff; stroke-width: 1.2; }
.halt { fill: url(#hatch); stroke-width: 1.2; }
.fill { fill: #ccc; stroke: none; }
.curve { stroke-width: 1.4; }
.up { stroke-width: 2.4; }
.cut { stroke-width: 1.2; stroke-dasharray: 4 2; }
.packet { stroke-width: 0.9; marker-end: url(#head); }
.ack { stroke-width: 1.2; stroke-dasharray: 5 3; marker-end: url(#head); }
.bare { stroke: #555; stroke-width: 0.8; stroke-dasharray: 1 2.5; }
.held { marker-end: none; }
.vain { stroke-width: 0.9; }
.lost { stroke-width: 1.6; }
.fault { fill: #e2e2e2; stroke: #777; stroke-width: 0.7; }
.solid { fill: #000; stroke: none; }
.drop { fill: #fff; stroke-width: 1.2; }`;
