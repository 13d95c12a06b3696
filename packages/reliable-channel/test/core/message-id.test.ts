import { expect, it } from 'vitest';
import { messageId } from '../../src/core/index.js';

it('a message is named by epoch, lane and number; the lane without a name has its place too', () => {
  expect(messageId('0123456789abcdef', 'alarms', 7)).toBe('0123456789abcdef-alarms-7');
  expect(messageId('0123456789abcdef', '', 7)).toBe('0123456789abcdef--7');
});
