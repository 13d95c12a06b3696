// What a trial writes down: plain events, seen at the edges only. What a program calls and is answered, what reaches a handler
// and how that ends, what a disk is asked to keep, what the server's end of a pipe receives, and what is broken when.
// Nothing in here looks inside the code under test, and the checks read nothing but these.

/** Happened in the program of a device. `who` is the device. */
export type DeviceEvent =
  /** A life of the device begins: it is switched on, and its wall clock says this, in milliseconds since 1970. */
  | { readonly what: 'started'; readonly life: number; readonly wallMs: number }
  /** It has been told the time, and its wall clock says this. */
  | { readonly what: 'clockSet'; readonly wallMs: number }
  /** The device loses its power: nothing of this life runs any more. */
  | { readonly what: 'crashed'; readonly life: number }
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

/** Happened to an outbox. `who` is the outbox: `device-1` for what that device sends, `agent/device-1` for what is sent to it. */
export type OutboxEvent =
  /** It is open, with this lane in it; `next` is the number that the lane's next message gets. */
  | { readonly what: 'opened'; readonly life: number; readonly lane: string; readonly next: number }
  /**
   * The program sends through the channel. `n` names the call within the trial; `sequence` is the message's number in its lane,
   * 0 when it was not taken; `id` names it on both ends; `hash` is that of its content; `ttlMs` 0: it does not expire.
   */
  | {
      readonly what: 'send';
      readonly life: number;
      readonly n: number;
      readonly lane: string;
      readonly sequence: number;
      readonly id: string;
      readonly importance: string;
      readonly ttlMs: number;
      readonly bytes: number;
      readonly hash: string;
    }
  /** `delivery.stored` resolved or rejected. */
  | { readonly what: 'stored' | 'notStored'; readonly n: number }
  /** `delivery.cancel` was called, and said whether that works. */
  | { readonly what: 'calledBack'; readonly n: number; readonly works: boolean }
  /** `delivery.settled` resolved; `reply` is empty when there is none. */
  | { readonly what: 'settled'; readonly n: number; readonly status: string; readonly reply: string }
  /** The channel says how these numbers ended, those of earlier lives included. */
  | {
      readonly what: 'ended';
      readonly life: number;
      readonly lane: string;
      readonly first: number;
      readonly last: number;
      readonly status: string;
      /** As the channel says; 0 for what was acknowledged, of which it does not say it. */
      readonly attempts: number;
    }
  /** What is left in it at the end. */
  | { readonly what: 'left'; readonly messages: number };

/** Happened at a disk. `who` is its owner: a device or `agent`. */
export type DiskEvent =
  /** `about`, joined by commas: the messages that are in what is written, and `inbox/<sender>` where it is that sender's record. */
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
  | { readonly what: 'dropped'; readonly device: string; readonly why: string }
  | { readonly what: 'overloadBegan' | 'overloadEnded' };

/** Happened in a handler. `who` is the program that it belongs to, `from` the outbox that the message came from. */
export type HandlerEvent =
  /** `n` is -1 when the data is not what programs of a trial send; `id` is empty for a plain message. */
  | {
      readonly what: 'handlerBegan';
      readonly from: string;
      readonly n: number;
      readonly id: string;
      readonly attempt: number;
      readonly hash: string;
    }
  /** `reply` is empty when there is none. */
  | {
      readonly what: 'handlerDone';
      readonly from: string;
      readonly n: number;
      readonly id: string;
      readonly reply: string;
    }
  /** It refused the message for good; or for now, by failing or by asking for it later. */
  | {
      readonly what: 'handlerRejected' | 'handlerFailed' | 'handlerAskedLater';
      readonly from: string;
      readonly n: number;
      readonly id: string;
    };

/** Happened to the trial as a whole. `who` is what is broken, or `trial`. */
export type TrialEvent =
  | { readonly what: 'fault'; readonly fault: string; readonly ms: number }
  | { readonly what: 'faultsOver' }
  /** Some code has thrown what nobody caught; the trial is over with it. */
  | { readonly what: 'threw'; readonly error: string }
  /** Everything is settled and nothing is under way, or the time for that is up. */
  | { readonly what: 'quiet' | 'notQuiet' }
  /** No message of this lane is handled at the agent, until the lane is freed. */
  | { readonly what: 'laneStuck' | 'laneFreed'; readonly lane: string }
  /** The most that a queue or buffer ever held, and what it may hold. */
  | { readonly what: 'peak'; readonly gauge: string; readonly value: number; readonly limit: number };

/** Something that happened, without when and to whom. */
export type TraceDetail = DeviceEvent | OutboxEvent | DiskEvent | AgentTraceEvent | HandlerEvent | TrialEvent;

/** Something that happened. */
export type TraceEvent = TraceDetail & {
  /** In virtual milliseconds; never less than that of the event before. */
  readonly atMs: number;
  readonly who: string;
};

/** Everything that happened, in order. */
export type Trace = readonly TraceEvent[];
