import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Spans } from '../../src/tabs/spans.js';

interface Piece {
  readonly start: number;
  readonly count: number;
}

describe('spans', () => {
  it('know their last one', () => {
    const spans = new Spans<Piece>(({ start }) => start);
    expect(spans.last).toBeUndefined();
    spans.add({ start: 10, count: 2 });
    spans.add({ start: 1, count: 3 });
    expect(spans.last).toEqual({ start: 10, count: 2 });
  });

  it('do not mind the deletion of one that is not there', () => {
    const spans = new Spans<Piece>(({ start }) => start);
    spans.add({ start: 1, count: 3 });
    spans.delete({ start: 1, count: 3 });
    expect(spans.overlapping(1, 9)).toHaveLength(1);
  });

  it('find what shares a number with a run, in order, whatever was added and deleted', () => {
    const lengths = fc.array(fc.tuple(fc.nat(3), fc.integer({ min: 1, max: 4 })), { maxLength: 30 });
    fc.assert(
      fc.property(lengths, fc.infiniteStream(fc.nat()), fc.nat(150), fc.nat(40), (gaps, chance, first, length) => {
        const pieces: Piece[] = [];
        let start = 1;
        for (const [gap, count] of gaps) {
          pieces.push({ start: start + gap, count });
          start += gap + count;
        }
        const next = (): number => chance.next().value as number;
        const order = pieces.map((piece) => ({ piece, rank: next() })).sort((a, b) => a.rank - b.rank);
        const spans = new Spans<Piece>((piece) => piece.start);
        for (const { piece } of order) spans.add(piece);
        const kept = pieces.filter((piece) => {
          if (next() % 3 > 0) return true;
          spans.delete(piece);
          return false;
        });
        const last = first + length;
        const expected = kept.filter((piece) => piece.start <= last && piece.start + piece.count > first);
        expect(spans.overlapping(first, last)).toEqual(expected);
      }),
    );
  });
});
