// Finds a dead link: after a silence a ping, after a longer silence the verdict. impOS asks after about 60 s and gives
// up about 45 s later, so a silent cut is noticed after 105 s at most (developer.electricimp.com/api/server/isconnected).

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
  /** When a ping was sent that waits for an answer, whatever the answer is. */
  #pingedMs: number | undefined;

  constructor(options: KeepaliveOptions, nowMs: number) {
    this.#options = options;
    this.#lastReceivedMs = nowMs;
  }

  /** Bytes came: the other end lives. */
  onReceived(nowMs: number): void {
    this.#lastReceivedMs = nowMs;
    this.#pingedMs = undefined;
  }

  /** What is due now: nothing, a ping, or the verdict. Asked again after a ping, it waits for the answer. */
  check(nowMs: number): 'nothing' | 'ping' | 'dead' {
    if (nowMs < this.nextTimeoutMs()) return 'nothing';
    if (this.#pingedMs !== undefined) return 'dead';
    this.#pingedMs = nowMs;
    return 'ping';
  }

  /** When `check` has something to say next. */
  nextTimeoutMs(): number {
    const { keepaliveIdleMs, keepaliveTimeoutMs } = this.#options;
    // From the ping on, not from the silence on: a program that stood still for minutes must not kill a link that lives.
    if (this.#pingedMs !== undefined) return this.#pingedMs + keepaliveTimeoutMs;
    return this.#lastReceivedMs + keepaliveIdleMs;
  }
}
