// One direction of a proxied connection: what is read from one socket waits here for its bandwidth and its delay, and is
// then written to the other. Two stages, both first in, first out: `#waiting` (for bandwidth) and `#line` (for the delay).
// The rule to know: everything read and not yet taken by the sink's operating system counts as held, and reading stops
// when `bufferMaxBytes` are held. From there on the two sockets push back by themselves.

import type { Socket } from 'node:net';
import { drainSocket, resetSocket } from './socket-endings.js';

/** One read takes at most this much, so that a large buffer is filled and emptied in steps. */
const READ_MAX_BYTES = 16_384;
/** With a bandwidth set, one piece is at most what that bandwidth carries in this time. */
const PIECE_MS = 20;

/** What the network does to bytes at present. One object for all pipes of a proxy, which changes it. */
export interface LinkConditions {
  /** One-way latency in milliseconds, 0 for none. */
  delayMs: number;
  /** Bandwidth of each pipe, or `undefined` for no limit. */
  bytesPerSecond: number | undefined;
}

/** Byte counts of one direction, over all connections of a proxy. Pipes add to them. */
export interface PipeCounters {
  /** Bytes that the receiving side's operating system took. */
  forwardedBytes: number;
  /** Bytes that were read from the sending side and thrown away. */
  discardedBytes: number;
  /** Bytes in the proxy at present. */
  heldBytes: number;
  /** The most that a single pipe ever held. Never above `bufferMaxBytes`. */
  heldPeakBytes: number;
}

/** What a pipe is made of. */
export interface ThrottledPipeOptions {
  /** Read from. Connected. */
  readonly source: Socket;
  /** Written to. Connected. */
  readonly sink: Socket;
  readonly conditions: Readonly<LinkConditions>;
  readonly counters: PipeCounters;
  /** Bytes held at most; reading stops there. Node's own read-ahead in the source (below 128 KiB) comes on top. */
  readonly bufferMaxBytes: number;
}

/** Something on its way, and when it left the bandwidth stage. */
interface Piece {
  /** `undefined` stands for the end of the source. */
  readonly bytes: Buffer | undefined;
  sinceMs: number;
}

/** Forwards from `source` to `sink`, with the source's end or reset behind the data, until `stop` or `discard`. */
export class ThrottledPipe {
  readonly #options: ThrottledPipeOptions;
  /** Read, and waiting for bandwidth. */
  readonly #waiting: Buffer[] = [];
  /** Past the bandwidth stage, and waiting for the delay or for the sink to take more. */
  readonly #line: Piece[] = [];
  /** Bytes in `#waiting`, in `#line` and in `#sinkBytes`. Never above `bufferMaxBytes`. */
  #heldBytes = 0;
  /** Bytes given to the sink and not yet taken by its operating system. */
  #sinkBytes = 0;
  /** When the bandwidth stage has sent what it took last. The next piece starts then. */
  #bandwidthFreeMs = 0;
  /** True from the source's end until it has a place in `#line`, behind all data. */
  #isEnding = false;
  /** The source was reset. */
  #isBroken = false;
  /** When the news of the reset left the bandwidth stage. */
  #brokenSinceMs: number | undefined;
  #isStopped = false;
  /** The one timer. */
  #timer: NodeJS.Timeout | undefined;
  /** When `#timer` fires. */
  #timerMs = 0;

  constructor(options: ThrottledPipeOptions) {
    this.#options = options;
    options.source.on('readable', this.#onReadable).on('end', this.#onEnd).on('close', this.#onSourceClose);
    options.sink.on('close', this.#onSinkClose);
  }

  /** Applies changed conditions, to what is held as well. */
  onConditions(): void {
    // A moment in the future was computed from the old bandwidth, which may have been very low.
    const nowMs = performance.now();
    this.#bandwidthFreeMs = Math.min(this.#bandwidthFreeMs, nowMs);
    if (this.#brokenSinceMs !== undefined) this.#brokenSinceMs = Math.min(this.#brokenSinceMs, nowMs);
    for (const piece of this.#line) piece.sinceMs = Math.min(piece.sinceMs, nowMs);
    this.#run();
  }

  /** Forwards nothing more, drops what is held and leaves both sockets alone. Idempotent. */
  stop(): void {
    if (this.#isStopped) return;
    this.#isStopped = true;
    clearTimeout(this.#timer);
    const { source, sink, counters } = this.#options;
    source.off('readable', this.#onReadable).off('end', this.#onEnd).off('close', this.#onSourceClose);
    sink.off('close', this.#onSinkClose);
    this.#waiting.length = 0;
    this.#line.length = 0;
    // What the sink has been given already comes back through `#onWritten`.
    counters.discardedBytes += this.#heldBytes - this.#sinkBytes;
    this.#release(this.#heldBytes - this.#sinkBytes);
  }

  /** Stops, and from now on reads and throws away whatever the source sends. Its end is not passed on. Idempotent. */
  discard(): void {
    if (this.#isStopped) return;
    this.stop();
    drainSocket(this.#options.source, this.#options.counters);
  }

  readonly #onReadable = (): void => this.#run();

  readonly #onEnd = (): void => {
    this.#isEnding = true;
    this.#run();
  };

  readonly #onSourceClose = (hadError: boolean): void => {
    // A source that closes after its proper end, because its other half has ended as well, is no news.
    if (this.#options.source.readableEnded && !hadError) return;
    this.#isBroken = true;
    this.#run();
  };

  // Nobody is left to forward to. The news that the sink closed reaches the source through the opposite pipe.
  readonly #onSinkClose = (): void => this.discard();

  /** Moves everything as far as it may go now, then sets the timer for what may go later. */
  #run(): void {
    if (this.#isStopped) return;
    const nowMs = performance.now();
    do {
      this.#throttle(nowMs);
      this.#deliver(nowMs);
    } while (this.#read(nowMs));
    this.#deliverReset(nowMs);
    this.#setTimer(nowMs);
  }

  /** Reads one piece, if there is room and something to read. Returns whether it did. */
  #read(nowMs: number): boolean {
    const { source, counters, bufferMaxBytes } = this.#options;
    if (this.#heldBytes >= bufferMaxBytes) return false;
    const size = Math.min(source.readableLength, bufferMaxBytes - this.#heldBytes, READ_MAX_BYTES);
    // Reading 0 bytes, when there are none, asks for the next 'readable' or 'end'.
    const bytes: Buffer | null = source.read(size);
    if (bytes === null) return false;
    // An idle link has nothing to catch up with: its next piece starts now.
    if (this.#waiting.length === 0) this.#bandwidthFreeMs = Math.max(this.#bandwidthFreeMs, nowMs);
    this.#waiting.push(bytes);
    this.#heldBytes += bytes.length;
    counters.heldBytes += bytes.length;
    counters.heldPeakBytes = Math.max(counters.heldPeakBytes, this.#heldBytes);
    return true;
  }

  /** The bandwidth stage: lets pieces out of `#waiting` into `#line`, as fast as the bandwidth allows. */
  #throttle(nowMs: number): void {
    const { bytesPerSecond = Number.POSITIVE_INFINITY } = this.#options.conditions;
    const pieceMaxBytes = Math.max(1, Math.floor((bytesPerSecond * PIECE_MS) / 1000));
    for (let bytes = this.#waiting[0]; bytes !== undefined; bytes = this.#waiting[0]) {
      if (this.#bandwidthFreeMs > nowMs) return;
      const size = Math.min(bytes.length, pieceMaxBytes);
      // A timer that came late is caught up with, but by one piece's time at most: more would be a burst.
      const startMs = Math.max(this.#bandwidthFreeMs, nowMs - PIECE_MS);
      this.#bandwidthFreeMs = startMs + (size * 1000) / bytesPerSecond;
      this.#line.push({ bytes: bytes.subarray(0, size), sinceMs: this.#bandwidthFreeMs });
      if (size === bytes.length) this.#waiting.shift();
      else this.#waiting[0] = bytes.subarray(size);
    }
    const sinceMs = Math.max(nowMs, this.#bandwidthFreeMs);
    if (this.#isEnding) this.#line.push({ bytes: undefined, sinceMs });
    this.#isEnding = false;
    if (this.#isBroken) this.#brokenSinceMs ??= sinceMs;
  }

  /** The delay stage: writes what has been in `#line` long enough, while the sink takes it. */
  #deliver(nowMs: number): void {
    const { sink, conditions } = this.#options;
    for (let piece = this.#line[0]; piece !== undefined; piece = this.#line[0]) {
      if (piece.sinceMs + conditions.delayMs > nowMs || sink.writableNeedDrain) return;
      const { bytes } = piece;
      // Ending with bytes left to write would make the sink impossible to reset: see socket-endings.ts.
      if (bytes === undefined && this.#sinkBytes > 0) return;
      this.#line.shift();
      if (bytes === undefined) {
        sink.end();
      } else {
        this.#sinkBytes += bytes.length;
        sink.write(bytes, (error) => this.#onWritten(bytes.length, error));
      }
    }
  }

  /** Passes on that the source was reset. That is not subject to flow control: a sink that takes nothing gets it too. */
  #deliverReset(nowMs: number): void {
    const { sink, conditions } = this.#options;
    if (this.#brokenSinceMs === undefined || this.#brokenSinceMs + conditions.delayMs > nowMs) return;
    this.stop();
    resetSocket(sink);
  }

  #onWritten(size: number, error: Error | null | undefined): void {
    const { sink, counters } = this.#options;
    // Node reports success for a write that was under way when the socket was destroyed.
    if (error || sink.destroyed) counters.discardedBytes += size;
    else counters.forwardedBytes += size;
    this.#sinkBytes -= size;
    this.#release(size);
    this.#run();
  }

  #release(size: number): void {
    this.#heldBytes -= size;
    this.#options.counters.heldBytes -= size;
  }

  /** Arms the timer for the first thing that waits for time. What waits for the sink is woken by `#onWritten`. */
  #setTimer(nowMs: number): void {
    if (this.#isStopped) return;
    const never = Number.POSITIVE_INFINITY;
    const lineMs = (this.#line[0]?.sinceMs ?? never) + this.#options.conditions.delayMs;
    const nextMs = Math.min(
      this.#waiting.length > 0 ? this.#bandwidthFreeMs : never,
      lineMs > nowMs ? lineMs : never,
      (this.#brokenSinceMs ?? never) + this.#options.conditions.delayMs,
    );
    // A timer that fires too early sets itself again, so only a later one is in the way.
    if (nextMs === never || (this.#timer !== undefined && this.#timerMs <= nextMs)) return;
    clearTimeout(this.#timer);
    this.#timerMs = nextMs;
    this.#timer = setTimeout(() => this.#onTimer(), Math.ceil(nextMs - nowMs));
  }

  #onTimer(): void {
    this.#timer = undefined;
    this.#run();
  }
}
