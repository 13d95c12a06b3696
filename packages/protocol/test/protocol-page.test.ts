// docs/protocol.md is what other implementations are written from. Here every example in it is decoded and encoded, and
// every table of codes is compared with the code; the limits are in core/limits.test.ts.

import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import {
  CLOSE_CODE,
  decodeEntries,
  encodeEntry,
  encodeFrame,
  FRAME_MAX_BYTES,
  FRAME_TYPE,
  type Frame,
  FrameDecoder,
  type Headers,
  NACK_CODE,
  ProtocolError,
  REFUSE_CODE,
  RESULT_KIND,
} from '../src/core/index.js';
import { decodeData } from '../src/data-decoder.js';
import { encodeData } from '../src/data-encoder.js';
import { bytesOf, concat } from './support/frames.js';

const page = readFileSync(new URL('../../../docs/protocol.md', import.meta.url), 'utf8');

interface Example {
  readonly type: string;
  readonly bytes: Uint8Array;
  readonly json: { readonly type: string; readonly [field: string]: unknown };
}

/** The bytes are at the beginning of each line; two blanks end them. */
function hexOf(block: string): Uint8Array {
  return concat(...block.split('\n').map((line) => bytesOf(line.split('  ')[0] ?? '')));
}

const examples: readonly Example[] = [...page.matchAll(/```hex\n(.*?)```\n\n```json\n(.*?)```/gs)].map(
  ([, hex, json]) => {
    const parsed = JSON.parse(json ?? '');
    return { type: parsed.type, bytes: hexOf(hex ?? ''), json: parsed };
  },
);

function dataValue(data: Uint8Array): unknown {
  const decoded = decodeData(data);
  if (decoded instanceof ProtocolError) throw decoded;
  return decoded.value;
}

/** A frame as the page shows it: data decoded, and the entries of a data frame as `messages`. */
function shown(frame: Frame): object {
  if (frame.type === 'message') return { ...frame, data: dataValue(frame.data) };
  if (frame.type === 'results') {
    const results = frame.results.map((each) =>
      each.kind === 'reply' ? { ...each, value: dataValue(each.value) } : each,
    );
    return { ...frame, results };
  }
  if (frame.type !== 'data') return frame;
  const { entries, ...fields } = frame;
  const messages = decodeEntries(entries, frame.count).map(({ name, headers, data }) => ({
    name,
    ...(headers !== undefined && { headers }),
    data: dataValue(data),
  }));
  return { ...fields, messages };
}

/** The frame behind what the page shows. */
function frameOf({ messages, ...fields }: Example['json']): Frame {
  if (fields.type === 'message') return { ...fields, data: encodeData(fields.data) } as unknown as Frame;
  if (fields.type === 'results') {
    const list = fields.results as { kind: string; value: unknown }[];
    const results = list.map((each) =>
      each.kind === 'reply' ? { ...each, value: Uint8Array.from(encodeData(each.value)) } : each,
    );
    return { ...fields, results } as unknown as Frame;
  }
  if (fields.type !== 'data') return fields as unknown as Frame;
  const list = messages as { name: string; data: unknown; headers?: Headers }[];
  return {
    ...fields,
    entries: concat(...list.map(({ name, data, headers }) => encodeEntry(name, encodeData(data), headers))),
  } as unknown as Frame;
}

/** The rows of the table below a heading whose first column is a number and whose second is a name in code. */
function tableBelow(heading: string): Record<string, number> {
  const section = page.slice(page.indexOf(`\n${heading}\n`)).split(/\n#+ /)[1] ?? '';
  const rows = [...section.matchAll(/^\| (0x[0-9a-f]+|\d+) \| `(\w+)` \|/gm)];
  return Object.fromEntries(rows.map(([, code, name]) => [name, Number(code)]));
}

describe('docs/protocol.md', () => {
  it('has one example of every frame type, and no bytes without their JSON', () => {
    expect(examples.map((example) => example.type)).toEqual(Object.keys(FRAME_TYPE));
    expect(page.match(/```hex/g)).toHaveLength(examples.length);
  });

  it.each(examples)('shows bytes that decode to the JSON beside them: $type', ({ bytes, json }) => {
    const decoder = new FrameDecoder(FRAME_MAX_BYTES);
    decoder.push(bytes);
    const frame = decoder.next();
    if (frame === undefined || frame instanceof ProtocolError)
      throw frame ?? new Error('the example is not a whole frame');
    expect(shown(frame)).toEqual(json);
    expect(decoder.next()).toBeUndefined();
    expect(decoder.heldBytes).toBe(0);
  });

  it.each(examples)('shows JSON that encodes to the bytes beside it: $type', ({ bytes, json }) => {
    expect(Buffer.from(encodeFrame(frameOf(json))).toString('hex')).toBe(Buffer.from(bytes).toString('hex'));
  });

  it.each([
    ['## 3. Frames', FRAME_TYPE],
    ['### Refuse codes', REFUSE_CODE],
    ['### Close codes', CLOSE_CODE],
    ['### Nack codes', NACK_CODE],
    ['### Result kinds', RESULT_KIND],
  ])('lists the codes of the code below "%s"', (heading, table) => {
    expect(tableBelow(heading)).toEqual(table);
  });

  it('links only to headings and files that exist', () => {
    const anchors = [...page.matchAll(/^#+ (.*)$/gm)].map(
      ([, heading]) =>
        `#${heading
          ?.toLowerCase()
          .replace(/[^\w -]/g, '')
          .replaceAll(' ', '-')}`,
    );
    for (const [, target] of page.matchAll(/\]\((#[^)]*)\)/g)) expect(anchors).toContain(target);
    for (const [, file] of page.matchAll(/\]\(([\w.-]+\.md)\)/g)) {
      readFileSync(new URL(`../../../docs/${file}`, import.meta.url));
    }
  });
});
