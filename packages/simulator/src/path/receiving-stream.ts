// Puts one direction's stream together again: segments come twice, late, out of order or not at all, and leave in order,
// once, without a hole. Held back is only what lies behind a hole, which the sender's own bound keeps small.

/** The place and length in the stream of what can be put in order. */
export interface StreamPiece {
  readonly sequence: number;
  readonly length: number;
}

/** Orders the pieces of one stream. Pieces are always cut at the same places, however often they are sent. */
export class ReceivingStream<Piece extends StreamPiece> {
  /** Behind a hole, by sequence. */
  readonly #early = new Map<number, Piece>();
  #nextSequence = 0;

  /** Everything below has come: the cumulative acknowledgement. */
  get nextSequence(): number {
    return this.#nextSequence;
  }

  /** Pieces that wait for an earlier one. */
  get earlyCount(): number {
    return this.#early.size;
  }

  /** Takes a piece; returns what is in order now, oldest first. */
  accept(piece: Piece): Piece[] {
    if (piece.sequence < this.#nextSequence) return [];
    this.#early.set(piece.sequence, piece);
    const inOrder: Piece[] = [];
    for (;;) {
      const next = this.#early.get(this.#nextSequence);
      if (next === undefined) return inOrder;
      this.#early.delete(this.#nextSequence);
      this.#nextSequence += next.length;
      inOrder.push(next);
    }
  }
}
