// What a trial writes down: plain events, seen at the edges only. What a program calls and is answered, what reaches a handler
// and how that ends, what a disk is asked to keep, what the server's end of a pipe receives, and what is broken when.
// Nothing in here looks inside the code under test, and the checks read nothing but these.

/** Happened in the program of a device. `who` is the device. */
export type DeviceEvent =
  /** A life of the device begins: it is switched on. */
  | { readonly what: 'started'; readonly life: number }
  /** Its channel is open on its outbox; `next` is the number that the next message gets. */
  | { readonly what: 'opened'; readonly life: number; readonly next: number }
  /** The device loses its power: nothing of this life runs any more. */
  | { readonly what: 'crashed'; readonly life: number }
  /**
   * The program sends through the channel. `n` names the call within the trial; `lane` is the ordered sub-stream it belongs
   * to; `sequence` is the message's number in its outbox, 0 when it was not taken; `id` names it on both ends; `hash` is
   * that of its content.
   */
  | {
      readonly what: 'send';
      readonly life: number;
      readonly n: number;
      readonly lane: string;
      readonly sequence: number;
      readonly id: string;
      readonly bytes: number;
      readonly hash: string;
    }
  /** `delivery.stored` resolved or rejected. */
  | { readonly what: 'stored' | 'notStored'; readonly n: number }
  /** `delivery.settled` resolved. */
  | { readonly what: 'settled'; readonly n: number; readonly status: string }
  /** The channel says how these numbers ended, those of earlier lives included. */
  | {
      readonly what: 'ended';
      readonly life: number;
      readonly first: number;
      readonly last: number;
      readonly status: string;
    }
  /** The program sends a plain message. */
  | {
      readonly what: 'plainSend';
      readonly life: number;
      readonly n: number;
      readonly onError: string;
      readonly waitFor: string;
      readonly timeoutMs: number;
      readonly bytes: number;
      readonly hash: string;
    }
  | { readonly what: 'plainCode'; readonly n: number; readonly code: number }
  | { readonly what: 'dialed'; readonly life: number }
  | { readonly what: 'connected' }
  | { readonly what: 'disconnected'; readonly why: string }
  | { readonly what: 'connectFailed'; readonly reason: number };

/** Happened at a disk. `who` is its owner: a device for its outbox, `agent` for the inbox. */
export type DiskEvent =
  /** `about`, joined by commas: at a device the messages that are in what is written; at the agent whose record it is. */
  | { readonly what: 'commitBegan'; readonly commit: number; readonly about: string }
  | { readonly what: 'committed'; readonly commit: number }
  | { readonly what: 'commitFailed'; readonly commit: number }
  /** The owner crashed while this was under way; `applied`: the disk had it already. */
  | { readonly what: 'commitTorn'; readonly commit: number; readonly applied: boolean };

/** Happened at the agent's machine. `who` is `agent`. */
export type AgentTraceEvent =
  | { readonly what: 'agentStarted' | 'agentCrashed'; readonly life: number }
  | { readonly what: 'agentRestarting' | 'agentRestarted' }
  /** The last byte of a frame with this message in it has come to the server's end of a pipe. */
  | { readonly what: 'received'; readonly device: string; readonly n: number; readonly isPlain: boolean }
  /** `n` is -1 when the data is not what programs of a trial send; `id` is empty for a plain message. */
  | {
      readonly what: 'handlerBegan';
      readonly device: string;
      readonly n: number;
      readonly id: string;
      readonly attempt: number;
      readonly hash: string;
    }
  | {
      readonly what: 'handlerDone' | 'handlerFailed';
      readonly device: string;
      readonly n: number;
      readonly id: string;
    }
  | { readonly what: 'dropped'; readonly device: string; readonly why: string }
  | { readonly what: 'overloadBegan' | 'overloadEnded' };

/** Happened to the trial as a whole. `who` is what is broken, or `trial`. */
export type TrialEvent =
  | { readonly what: 'fault'; readonly fault: string; readonly ms: number }
  | { readonly what: 'faultsOver' }
  /** Some code has thrown what nobody caught; the trial is over with it. */
  | { readonly what: 'threw'; readonly error: string }
  /** Everything is settled and nothing is under way, or the time for that is up. */
  | { readonly what: 'quiet' | 'notQuiet' }
  /** What is left in a device's outbox at the end. */
  | { readonly what: 'left'; readonly messages: number }
  /** The most that a queue or buffer ever held, and what it may hold. */
  | { readonly what: 'peak'; readonly gauge: string; readonly value: number; readonly limit: number };

/** Something that happened, without when and to whom. */
export type TraceDetail = DeviceEvent | DiskEvent | AgentTraceEvent | TrialEvent;

/** Something that happened. */
export type TraceEvent = TraceDetail & {
  /** In virtual milliseconds; never less than that of the event before. */
  readonly atMs: number;
  readonly who: string;
};

/** Everything that happened, in order. */
export type Trace = readonly TraceEvent[];
