// Round-trip estimate and ack timeout by RFC 6298. Only exchanges that were sent once are measured (Karn's rule, section
// 3): an ack behind a retransmission does not say which of the two it answers.

/** The bounds of the ack timeout, in milliseconds. */
export interface RoundTripOptions {
  /** Before the first measurement. */
  readonly initialMs: number;
  readonly minMs: number;
  readonly maxMs: number;
}

/** RFC 6298, section 2.3: weight of a new deviation. */
const DEVIATION_WEIGHT = 1 / 4;
/** RFC 6298, section 2.3: weight of a new measurement. */
const MEAN_WEIGHT = 1 / 8;

/** Smoothed round trip, its deviation, and the timeout that follows from them. */
export class RoundTrip {
  readonly #options: RoundTripOptions;
  #smoothedMs: number | undefined;
  #deviationMs = 0;
  #timeoutMs: number;

  constructor(options: RoundTripOptions) {
    this.#options = options;
    this.#timeoutMs = options.initialMs;
  }

  /** The smoothed round trip in milliseconds, or `undefined` before the first measurement. */
  get smoothedMs(): number | undefined {
    return this.#smoothedMs;
  }

  /** How long to wait for an ack before sending again, in milliseconds. */
  get timeoutMs(): number {
    return this.#timeoutMs;
  }

  /** A measured round trip of something that was sent exactly once. Ends any doubling by `backOff`. */
  measured(roundTripMs: number): void {
    if (this.#smoothedMs === undefined) {
      this.#smoothedMs = roundTripMs;
      this.#deviationMs = roundTripMs / 2;
    } else {
      const deviation = Math.abs(this.#smoothedMs - roundTripMs);
      this.#deviationMs += DEVIATION_WEIGHT * (deviation - this.#deviationMs);
      this.#smoothedMs += MEAN_WEIGHT * (roundTripMs - this.#smoothedMs);
    }
    this.#timeoutMs = this.#bounded(this.#smoothedMs + 4 * this.#deviationMs);
  }

  /** The ack did not come in time: wait twice as long next time (section 5.5). */
  backOff(): void {
    this.#timeoutMs = this.#bounded(this.#timeoutMs * 2);
  }

  #bounded(timeoutMs: number): number {
    return Math.min(this.#options.maxMs, Math.max(this.#options.minMs, timeoutMs));
  }
}
