// The charts of the policies: messages per second against round trip, a curve for each policy, a chart for each link.

import { lineChartSvg, type Point } from '../charts/line-chart.js';
import type { Chart, Row } from '../report/report.js';

const TITLES: Readonly<Record<string, string>> = {
  'wait-til-sent': 'WAIT_TIL_SENT',
  'wait-for-ack': 'WAIT_FOR_ACK, one at a time',
  'wait-for-ack-8': 'WAIT_FOR_ACK, 8 outstanding',
  reliable: 'reliable channel',
};

/** What is drawn: one message size, the buffers of a device, every bandwidth. */
const MESSAGE_BYTES = 512;
const SEND_BUFFER_BYTES = [3_456, 30_720];

/** A chart for each bandwidth and buffer among the rows; round trips of 0 have no place on a logarithmic axis. */
export function policiesCharts(rows: readonly Row[]): Chart[] {
  const shown = rows.filter(
    ({ params: { link, messageBytes, roundTripMs } }) =>
      link === 'simulated' && messageBytes === MESSAGE_BYTES && Number(roundTripMs) > 0,
  );
  const bandwidths = [...new Set(shown.map(({ params }) => params.bytesPerSecond))];
  return bandwidths.flatMap((bandwidth) =>
    SEND_BUFFER_BYTES.flatMap((buffer) => {
      const own = shown.filter(
        ({ params }) => params.bytesPerSecond === bandwidth && params.sendBufferBytes === buffer,
      );
      return own.length === 0 ? [] : [chartOf(own, String(bandwidth), buffer)];
    }),
  );
}

function chartOf(rows: readonly Row[], bandwidth: string, buffer: number): Chart {
  const line = bandwidth === 'unlimited' ? 'unlimited bandwidth' : `${(Number(bandwidth) * 8) / 1_000} kbit/s`;
  const names = [...new Set(rows.map(({ name }) => name))];
  const svg = lineChartSvg({
    title: `${MESSAGE_BYTES}-byte messages, ${line}, a buffer of ${buffer.toLocaleString('en-US')} bytes`,
    xTitle: 'round trip, ms',
    yTitle: 'messages per second',
    series: names.map((name) => {
      const own = rows.filter((row) => row.name === name);
      const points = (key: 'median' | 'expected'): Point[] =>
        own.map((row) => [Number(row.params.roundTripMs), row[key] ?? 0]);
      return { name: TITLES[name] ?? name, points: points('median'), expected: points('expected') };
    }),
  });
  return { name: `throughput-${bandwidth}-${buffer}`, svg };
}
