import { describe, expect, it } from 'vitest';
import { CLOSE_CODE, FRAME_TYPE, isChannelFrame, NACK_CODE, REFUSE_CODE, RESULT_KIND } from '../../src/core/index.js';
import { SAMPLE_FRAMES } from '../support/frames.js';

describe('isChannelFrame', () => {
  it('is true for the types from 0x10 on, which the transport only carries', () => {
    for (const frame of SAMPLE_FRAMES) expect(isChannelFrame(frame)).toBe(FRAME_TYPE[frame.type] >= 0x10);
  });
});

describe('the tables of codes', () => {
  it.each(Object.entries({ FRAME_TYPE, REFUSE_CODE, CLOSE_CODE, NACK_CODE, RESULT_KIND }))(
    '%s names every code once, in a byte',
    (_, table) => {
      const codes: readonly number[] = Object.values(table);
      expect(new Set(codes).size).toBe(codes.length);
      for (const code of codes) expect(Number.isInteger(code) && code >= 0 && code <= 0xff).toBe(true);
    },
  );
});
