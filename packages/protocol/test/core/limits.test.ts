import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import * as limits from '../../src/core/limits.js';

const page = readFileSync(new URL('../../../../docs/protocol.md', import.meta.url), 'utf8');

describe('the limits', () => {
  it('stand in docs/protocol.md, each with its value, and no others', () => {
    const rows = [...page.matchAll(/^\| `([A-Z_]+)` \| ([\d,]+) \|/gm)];
    const listed = rows.map(([, name, value]) => [name, Number(value?.replaceAll(',', ''))]);
    expect(Object.fromEntries(listed)).toEqual({ ...limits });
    expect(listed).toHaveLength(Object.keys(limits).length);
  });

  it('leave room in a frame for the largest message with the longest header', () => {
    const dataHeaderBytes = 1 + 8 + 8 + (1 + limits.LANE_MAX_BYTES) + 4 * 8;
    const entryHeaderBytes = 1 + 1 + 8;
    const room = limits.FRAME_MAX_BYTES - limits.MESSAGE_MAX_BYTES;
    expect(dataHeaderBytes + entryHeaderBytes).toBeLessThanOrEqual(room);
  });

  it('leave room in the handshake for the longest hello and the longest refusal', () => {
    const helloBytes = 1 + 4 + 1 + (1 + limits.DEVICE_ID_MAX_BYTES) + (2 + limits.TOKEN_MAX_BYTES);
    const refuseBytes = 1 + 1 + 4 + 1 + 1 + (1 + limits.REASON_MAX_BYTES);
    expect(Math.max(helloBytes, refuseBytes)).toBeLessThanOrEqual(limits.HANDSHAKE_FRAME_MAX_BYTES);
  });

  it('fit the fields that carry them', () => {
    for (const bytes of [
      limits.NAME_MAX_BYTES,
      limits.LANE_MAX_BYTES,
      limits.DEVICE_ID_MAX_BYTES,
      limits.REASON_MAX_BYTES,
    ]) {
      expect(bytes).toBeLessThanOrEqual(255);
    }
  });
});
