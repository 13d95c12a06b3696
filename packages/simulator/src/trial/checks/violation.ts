// What a check finds. Checks read traces and nothing else: they share no code with what they judge.

import type { Trace, TraceEvent } from '../trace-event.js';

/** A promise that was not kept. */
export interface Violation {
  /** The name of the check. */
  readonly check: string;
  /** When it showed, in virtual milliseconds. */
  readonly atMs: number;
  /** One line for people. */
  readonly message: string;
}

/** Looks at a trace for what must not be in it. Never throws, whatever the trace. */
export type TraceCheck = (trace: Trace) => Violation[];

/** The event of this kind. */
export type EventOf<What extends TraceEvent['what']> = Extract<TraceEvent, { readonly what: What }>;

/** A message that a channel took, as the trace tells it. */
export interface SentMessage {
  readonly who: string;
  readonly send: EventOf<'send'>;
  /** Its place in the trace. */
  readonly index: number;
}
