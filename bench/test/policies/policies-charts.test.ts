import { expect, test } from 'vitest';
import { policiesCharts } from '../../src/policies/policies-charts.js';
import type { Row } from '../../src/report/report.js';

function row(name: string, params: Partial<Row['params']>): Row {
  const all = {
    link: 'simulated',
    roundTripMs: 20,
    messageBytes: 512,
    sendBufferBytes: 3_456,
    bytesPerSecond: 12_500,
    ...params,
  };
  return { name, params: all as Row['params'], unit: 'messages/s', median: 10, expected: 10 };
}

test('there is a chart for each bandwidth and device buffer, of the round trips above 0', () => {
  const charts = policiesCharts([
    row('wait-for-ack', {}),
    row('reliable', { roundTripMs: 100 }),
    row('reliable', { bytesPerSecond: 'unlimited', sendBufferBytes: 30_720 }),
    // Not shown: another size, no round trip, the buffer of a gateway, another clock.
    row('reliable', { link: 'proxied', bytesPerSecond: 4 }),
    row('reliable', { messageBytes: 64, bytesPerSecond: 1 }),
    row('reliable', { roundTripMs: 0, bytesPerSecond: 2 }),
    row('reliable', { sendBufferBytes: 1_048_576, bytesPerSecond: 3 }),
  ]);
  expect(charts.map(({ name }) => name)).toEqual(['throughput-12500-3456', 'throughput-unlimited-30720']);
  expect(charts[0]?.svg).toContain('100 kbit/s');
  expect(charts[0]?.svg).toContain('WAIT_FOR_ACK, one at a time');
});
