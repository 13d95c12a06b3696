// Bytes as an attacker sends them. Legal ends: frames, waiting for more, or one ProtocolError. Never a throw, and never
// more memory than the limit. A failure prints its seed; HOLDFAST_FUZZ_SEED repeats that run.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  decodeEntries,
  encodeEntry,
  encodeFrame,
  FRAME_MAX_BYTES,
  type Frame,
  FrameDecoder,
  HANDSHAKE_FRAME_MAX_BYTES,
  LENGTH_BYTES,
  ProtocolError,
} from '../src/core/index.js';
import { decodeData } from '../src/data-decoder.js';
import { encodeData } from '../src/data-encoder.js';
import { concat, EPOCH, framed, frames, SAMPLE_FRAMES } from './support/frames.js';

const SEED = Number(process.env.HOLDFAST_FUZZ_SEED ?? Date.now() % 2 ** 31);

/** A small generator of 32-bit numbers: xorshift, after Marsaglia (2003). */
function randomSource(seed: number): () => number {
  let state = seed | 0 || 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state >>> 0;
  };
}

function checkFrame(frame: Frame): void {
  if (frame.type === 'message') checkData(frame.data);
  if (frame.type === 'data') for (const entry of decodeEntries(frame.entries, frame.count)) checkData(entry.data);
  if (frame.type === 'results')
    for (const result of frame.results) if (result.kind === 'reply') checkData(result.value);
}

function checkData(data: Uint8Array): void {
  const decoded = decodeData(data);
  if (!(decoded instanceof ProtocolError)) expect(decoded).toHaveProperty('value');
}

/** Feeds `stream` in two pieces. What comes out must be legal; gives how many frames there were. */
function feed(stream: Uint8Array, frameMaxBytes: number, cutAt: number): number {
  const decoder = new FrameDecoder(frameMaxBytes);
  let count = 0;
  for (const piece of [stream.subarray(0, cutAt), stream.subarray(cutAt)]) {
    decoder.push(piece);
    for (let next = decoder.next(); next !== undefined; next = decoder.next()) {
      if (next instanceof ProtocolError) {
        if (decoder.next() !== next || decoder.heldBytes !== 0) throw new Error('an error is not final');
        return count;
      }
      checkFrame(next);
      count += 1;
    }
    if (decoder.heldBytes > LENGTH_BYTES + frameMaxBytes) throw new Error('the decoder holds too much');
  }
  return count;
}

const DATA_SAMPLES: readonly Uint8Array[] = [
  { celsius: 73.97, ok: true, tags: ['a', 'ü', '🌡'], nested: { deep: [[[]]], none: null } },
  [1, -1, 300, -300, 70_000, -70_000, 2 ** 40, 'x'.repeat(40), 'y'.repeat(300)],
  new Uint8Array([1, 2, 3]),
  Array.from({ length: 40 }, (_, index) => ({ index, key: `key ${index}` })),
].map((value) => Uint8Array.from(encodeData(value)));

/** Small frames that carry real data, for mutations to break. */
const CORPUS: readonly Uint8Array[] = [
  ...SAMPLE_FRAMES,
  ...DATA_SAMPLES.flatMap((data): Frame[] => {
    const entries = concat(encodeEntry('first', data, { traceparent: '00-ab-cd-01' }), encodeEntry('second', data));
    const head = { type: 'data', epoch: EPOCH, floor: 1, lane: 'l', after: 0, first: 1, attempt: 1 } as const;
    return [
      { type: 'message', name: 'n', data },
      { ...head, count: 2, entries },
      { type: 'results', epoch: EPOCH, lane: 'l', results: [{ sequence: 3, kind: 'reply', value: data }] },
    ];
  }),
]
  .map(encodeFrame)
  .filter((bytes) => bytes.length < 2_000);

/** Bytes at which formats change their mind. */
const EDGE_BYTES = [
  0x00, 0x01, 0x7f, 0x80, 0x8f, 0x9f, 0xbf, 0xc1, 0xc4, 0xc9, 0xcf, 0xd4, 0xdb, 0xdd, 0xdf, 0xe0, 0xff,
];

function mutated(bytes: Uint8Array, random: () => number): Uint8Array {
  let result: Uint8Array = Uint8Array.from(bytes);
  for (let left = 1 + (random() % 4); left > 0; left--) {
    const at = random() % Math.max(1, result.length);
    switch (random() % 6) {
      case 0:
        result[at] = (result[at] ?? 0) ^ (1 << (random() % 8));
        break;
      case 1:
        result[at] = random() & 0xff;
        break;
      case 2:
        result[at] = EDGE_BYTES[random() % EDGE_BYTES.length] as number;
        break;
      case 3:
        result = concat(result.subarray(0, at), Uint8Array.of(random() & 0xff), result.subarray(at));
        break;
      case 4:
        result = concat(result.subarray(0, at), result.subarray(at + 1 + (random() % 3)));
        break;
      default:
        result = result.slice(0, at);
    }
  }
  return result;
}

describe(`FrameDecoder, fuzzed (HOLDFAST_FUZZ_SEED=${SEED})`, () => {
  it('survives 60,000 mutated frames', () => {
    const random = randomSource(SEED);
    let framesFound = 0;
    for (let run = 0; run < 60_000; run++) {
      const original = CORPUS[random() % CORPUS.length] as Uint8Array;
      // Half of them keep a true length field, so that the mutation is felt behind it.
      const broken =
        random() % 2 === 0 ? framed(mutated(original.subarray(LENGTH_BYTES), random)) : mutated(original, random);
      const limit = random() % 2 === 0 ? FRAME_MAX_BYTES : HANDSHAKE_FRAME_MAX_BYTES;
      try {
        framesFound += feed(concat(broken, original), limit, random() % (broken.length + 1));
      } catch (cause) {
        throw new Error(`seed ${SEED}, run ${run}: ${Buffer.from(broken).toString('hex')}`, { cause });
      }
    }
    // Mutations that break everything, or nothing, would test nothing.
    expect(framesFound).toBeGreaterThan(10_000);
    expect(framesFound).toBeLessThan(110_000);
  });

  it('survives 30,000 streams of random bytes', () => {
    const random = randomSource(SEED ^ 0x5eed);
    for (let run = 0; run < 30_000; run++) {
      const bytes = Uint8Array.from({ length: random() % 80 }, () => random() & 0xff);
      try {
        feed(bytes, FRAME_MAX_BYTES, bytes.length >> 1);
        feed(framed(bytes), FRAME_MAX_BYTES, bytes.length >> 1);
        checkData(bytes);
      } catch (cause) {
        throw new Error(`seed ${SEED}, run ${run}: ${Buffer.from(bytes).toString('hex')}`, { cause });
      }
    }
  });

  it('survives 15,000 generated frames with generated damage', () => {
    const damage = fc.record({ at: fc.nat(10_000), byte: fc.nat(0xff), cutAt: fc.nat(10_000) });
    fc.assert(
      fc.property(frames, damage, (frame, { at, byte, cutAt }) => {
        const bytes = encodeFrame(frame);
        bytes[at % bytes.length] = byte;
        feed(bytes, FRAME_MAX_BYTES, cutAt % (bytes.length + 1));
      }),
      { numRuns: 15_000, seed: SEED },
    );
  });

  it('survives 10,000 damaged pieces of data', () => {
    const random = randomSource(SEED ^ 0xda7a);
    for (let run = 0; run < 10_000; run++) {
      const data = mutated(DATA_SAMPLES[random() % DATA_SAMPLES.length] as Uint8Array, random);
      try {
        checkData(data);
      } catch (cause) {
        throw new Error(`seed ${SEED}, run ${run}: ${Buffer.from(data).toString('hex')}`, { cause });
      }
    }
  });
});
