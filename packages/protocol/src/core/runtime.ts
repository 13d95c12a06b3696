// The port through which shells reach time and chance. Cores never see it: they get `nowMs` as an argument and
// random draws as a function. Tests and the simulator put a virtual clock here.

/** What `setTimer` returned; opaque to its holder. */
export type TimerHandle = unknown;

/** Draws one integer, uniform in [0, 2^32). */
export type RandomUint32 = () => number;

/** Clock, timers and randomness for shells. */
export interface Runtime {
  /** Monotonic milliseconds since an arbitrary origin; may be fractional; never goes backwards. */
  nowMs(): number;
  /** Milliseconds since 1970 by the wall clock. It may jump either way, so it is data only, never a deadline. */
  wallClockMs(): number;
  /** Calls `callback` once, at least `delayMs` from now. Any finite delay is allowed. */
  setTimer(delayMs: number, callback: () => void): TimerHandle;
  /** Forgets a timer. Does nothing when it has fired already. */
  clearTimer(timer: TimerHandle): void;
  /** Calls `callback` once, after the code that is running now has returned and before any timer. */
  defer(callback: () => void): void;
  /** Draws one integer, uniform in [0, 2^32). */
  readonly randomUint32: RandomUint32;
}
