// Finds a dead link: after a silence a ping, after a longer silence the verdict. impOS asks after about 60 s and gives
// up about 45 s later, so a silent cut is noticed after 105 s at most (developer.electricimp.com/api/server/isconnected).

/** How long the other end may take to answer a probe, in milliseconds, unless the keepalive waits shorter. */
const PROBE_TIMEOUT_MS = 10_000;

/** The two waits of the keepalive, in milliseconds. */
export interface KeepaliveOptions {
  /** Silence from the other end before a ping is sent. */
  readonly keepaliveIdleMs: number;
  /** Further silence before the link is taken for dead. */
  readonly keepaliveTimeoutMs: number;
}

/** Watches the silence of one connection. */
export class Keepalive {
  readonly #options: KeepaliveOptions;
  #lastReceivedMs: number;
  /** When the link is taken for dead, because a ping is out; whatever comes is an answer to it. */
  #verdictMs: number | undefined;

  constructor(options: KeepaliveOptions, nowMs: number) {
    this.#options = options;
    this.#lastReceivedMs = nowMs;
  }

  /** Bytes came: the other end lives. */
  onReceived(nowMs: number): void {
    this.#lastReceivedMs = nowMs;
    this.#verdictMs = undefined;
  }

  /** What is due now: nothing, a ping, or the verdict. Asked again after a ping, it waits for the answer. */
  check(nowMs: number): 'nothing' | 'ping' | 'dead' {
    if (nowMs < this.nextTimeoutMs()) return 'nothing';
    if (this.#verdictMs !== undefined) return 'dead';
    // From the ping on, not from the silence on: a program that stood still for minutes must not kill a link that lives.
    this.#verdictMs = nowMs + this.#options.keepaliveTimeoutMs;
    return 'ping';
  }

  /** The link may have died unseen: its end is found out soon. Returns whether a ping is to be sent for that. */
  probe(nowMs: number): boolean {
    const soonMs = nowMs + Math.min(PROBE_TIMEOUT_MS, this.#options.keepaliveTimeoutMs);
    const verdictMs = this.#verdictMs;
    if (verdictMs === undefined) {
      this.#verdictMs = soonMs;
      return true;
    }
    // A verdict that is due became so while the program stood still, and the answer may lie there unread.
    this.#verdictMs = verdictMs <= nowMs ? soonMs : Math.min(verdictMs, soonMs);
    return false;
  }

  /** When `check` has something to say next. */
  nextTimeoutMs(): number {
    return this.#verdictMs ?? this.#lastReceivedMs + this.#options.keepaliveIdleMs;
  }
}
