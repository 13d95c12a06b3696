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

  it('leave room in a frame for the largest message with the most headers', () => {
    const dataHeaderBytes = 1 + 8 + 8 + (1 + limits.LANE_MAX_BYTES) + 4 * 8;
    const headersBytes = 1 + limits.HEADERS_MAX * (1 + 2) + limits.HEADERS_MAX_BYTES;
    const entryBytes = 1 + 1 + headersBytes + 8;
    const room = limits.FRAME_MAX_BYTES - limits.MESSAGE_MAX_BYTES;
    expect(dataHeaderBytes + entryBytes).toBeLessThanOrEqual(room);
  });

  it('leave room in a frame for all lanes with the longest names and the most ranges', () => {
    const laneBytes = 1 + limits.LANE_MAX_BYTES + 8 + 2;
    const openedBytes = 1 + 8 + 8 + 2 + limits.LANES_MAX * laneBytes + limits.ACK_RANGES_MAX * 16;
    expect(openedBytes).toBeLessThanOrEqual(limits.FRAME_MAX_BYTES);
  });

  it('leave room in a frame for the most results with the longest reasons, and the largest replies', () => {
    const resultBytes = 8 + 1 + (1 + limits.REASON_MAX_BYTES);
    const bytes = 1 + 8 + (1 + limits.LANE_MAX_BYTES) + 2 + limits.RESULTS_MAX * resultBytes + limits.REPLY_MAX_BYTES;
    expect(bytes).toBeLessThanOrEqual(limits.FRAME_MAX_BYTES);
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
