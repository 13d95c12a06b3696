import { expect, it } from 'vitest';
import { figuresTable } from '../../src/measuring/figures-table.js';

it('has a line for each way, and leaves out what does not apply', () => {
  const ways = [
    { way: 'WAIT_FOR_ACK', messages: 50, messagesPerSecond: 9.5, ackP50Ms: 105, expectedPerSecond: 10 },
    {
      way: 'WAIT_TIL_SENT',
      messages: 9_000,
      messagesPerSecond: 1_800,
      ackP50Ms: undefined,
      expectedPerSecond: undefined,
    },
  ];
  expect(figuresTable({ roundTripMs: 100, ways }, 512)).toEqual([
    'messages of 512 bytes; round trip to the server 100 ms',
    '',
    'way            messages/s  bytes/s  ack p50 ms  expected  ratio',
    'WAIT_FOR_ACK         9.50    4,864         105      10.0   0.95',
    'WAIT_TIL_SENT       1,800  921,600',
  ]);
});
