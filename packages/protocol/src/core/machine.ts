// The shape that every core in Holdfast has: one input in, any number of outputs out, one deadline.
// A core owns no clock, no timer, no promise, no I/O and no randomness. The rule that makes it easy to reason about:
// feed one input, take every output, then feed the next. `driver.ts` is the only place that follows the rule.

/** The input every machine understands: "look at the clock". Harmless when nothing is due. */
export interface TimeoutInput {
  readonly type: 'timeout';
}

/**
 * A state machine without I/O.
 *
 * `handle` never throws for what a peer, a network or a disk can do; it throws `InvariantError` for our own bugs only.
 *
 * @typeParam Input - closed union of plain objects
 * @typeParam Output - closed union of plain objects
 */
export interface Machine<Input, Output> {
  /** Takes one input. `nowMs` is monotonic milliseconds and never smaller than in an earlier call. */
  handle(input: Input | TimeoutInput, nowMs: number): void;
  /** The next output, in order, or `undefined` when there is none left. */
  poll(): Output | undefined;
  /** The monotonic time at which a `timeout` input is wanted, or `undefined`. Being early or late does no harm. */
  nextTimeoutMs(): number | undefined;
}
