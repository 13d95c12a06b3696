// The simulator against arithmetic: what holds in these cells is exact, as no computing takes time there.
import { expect, test } from 'vitest';
import { expectedMessagesPerSecond } from '../../src/policies/expectation.js';
import { POLICIES } from '../../src/policies/grid.js';
import { runSimulatedCell } from '../../src/policies/simulated-cell.js';

const CELL = { roundTripMs: 100, messageBytes: 512, sendBufferBytes: 3_456, bytesPerSecond: 12_500 };

test.each(POLICIES)('%s agrees with its closed form, and with itself', async (policy) => {
  const expected = expectedMessagesPerSecond(CELL, policy);
  const { messagesPerSecond, ackMs } = await runSimulatedCell(CELL, policy, expected);
  expect(messagesPerSecond / expected).toBeGreaterThan(0.9);
  expect(messagesPerSecond / expected).toBeLessThan(1.1);
  expect(ackMs.length > 0).toBe(policy !== 'wait-til-sent');
  expect(await runSimulatedCell(CELL, policy, expected)).toEqual({ messagesPerSecond, ackMs });
});
