// One end of a simulated connection: a `Pipe` above, segments below. It opens with a handshake, cuts what is written into
// segments, sends again what is not acknowledged, puts together what comes, and closes in order or by a reset.
//
//   idle -> opening -> open -> ending -> closed      `closed` is reached from everywhere
//
// `opening`: the device has sent its opening, or the server its answer. `ending`: the program has called `end` and hears
// nothing more; what it wrote is still being brought over. `closed`: every segment is answered by a reset.

import type { Runtime, TimerHandle } from '@holdfast/protocol';
import type { Pipe, PipeEvents } from '@holdfast/transport';
import type { ByteRoom } from './byte-room.js';
import { SEGMENT_MAX_BYTES } from './parameters.js';
import type { PipeSurroundings } from './pipe-surroundings.js';
import { ReceivingStream } from './receiving-stream.js';
import type { Segment, SegmentKind } from './segment.js';
import { SendingStream, type SendingStreamOptions, type SentUnit } from './sending-stream.js';

/** The waits of one end, in milliseconds. */
export interface PipeTimeouts extends SendingStreamOptions {
  /** From `end` until what is not acknowledged is given up. */
  readonly endMaxMs: number;
}

/** What an end is made of. */
export interface SimulatedPipeOptions {
  readonly runtime: Runtime;
  readonly timeouts: PipeTimeouts;
  readonly peer: string;
  /** Holds what is written until it is acknowledged. */
  readonly room: ByteRoom;
  readonly surroundings: PipeSurroundings;
}

type State = 'idle' | 'opening' | 'open' | 'ending' | 'closed';

interface PendingWrite {
  readonly bytes: Uint8Array;
  taken: number;
  readonly onTaken: () => void;
}

const NO_BYTES = new Uint8Array(0);

/** One end of a connection. */
export class SimulatedPipe implements Pipe {
  readonly peer: string;
  readonly #options: SimulatedPipeOptions;
  readonly #sending: SendingStream;
  readonly #receiving = new ReceivingStream<Segment>();
  #state: State = 'idle';
  #events: PipeEvents | undefined;
  #pending: PendingWrite | undefined;
  /** Taken, and not acknowledged. */
  #heldBytes = 0;
  /** When the segment was sent that brought the other end's stream as far as it is here. */
  #echoMs = 0;
  #retransmitTimer: TimerHandle | undefined;
  /** When `#retransmitTimer` fires; Infinity: there is none. */
  #retransmitMs = Number.POSITIVE_INFINITY;
  #ackTimer: TimerHandle | undefined;
  /** The patience with what is not acknowledged after `end`. */
  #endTimer: TimerHandle | undefined;

  constructor(options: SimulatedPipeOptions) {
    this.peer = options.peer;
    this.#options = options;
    this.#sending = new SendingStream(options.timeouts);
  }

  /** The device's end begins. */
  dial(): void {
    this.#state = 'opening';
    this.#push('open', NO_BYTES);
  }

  write(bytes: Uint8Array, onTaken: () => void): void {
    if (this.#state !== 'open') return;
    this.#pending = { bytes, taken: 0, onTaken };
    this.#takeWrite();
  }

  end(): void {
    if (this.#state !== 'open') return;
    this.#state = 'ending';
    const { runtime, timeouts } = this.#options;
    this.#endTimer = runtime.setTimer(timeouts.endMaxMs, () => this.destroy());
    if (this.#pending === undefined) this.#push('end', NO_BYTES);
  }

  destroy(): void {
    if (this.#state === 'closed') return;
    this.#close('closed', 'by this end');
    this.#transmit('reset', this.#sending.nextSequence, NO_BYTES);
  }

  /** Ends without a word to the other end: it has lost power, or nobody waits for it any more. */
  drop(detail: string): void {
    this.#fail('closed', detail);
  }

  /** Ends, and tells both programs. */
  reset(detail: string): void {
    if (this.#state === 'closed') return;
    this.#fail('reset', detail);
    this.#transmit('reset', this.#sending.nextSequence, NO_BYTES);
  }

  /** Takes a segment from the other end. */
  receive(segment: Segment): void {
    if (segment.kind === 'reset') {
      // A reset of something that this end does not know says nothing about the next connection.
      if (this.#state !== 'idle') this.#fail('reset', this.#resetDetail());
      return;
    }
    if (this.#state === 'idle') {
      this.#answer(segment);
      return;
    }
    if (this.#isClosed) {
      this.#transmit('reset', this.#sending.nextSequence, NO_BYTES);
      return;
    }
    this.#onAck(segment);
    if (segment.length > 0 && !this.#isClosed) this.#onPiece(segment);
  }

  get #isClosed(): boolean {
    return this.#state === 'closed';
  }

  // ---- opening

  /** The server's end begins with an opening. */
  #answer(segment: Segment): void {
    const { surroundings } = this.#options;
    if (segment.kind !== 'open' || !surroundings.accepts()) {
      this.#transmit('reset', 0, NO_BYTES);
      return;
    }
    this.#state = 'opening';
    this.#receiving.accept(segment);
    this.#echoMs = segment.sentMs;
    this.#push('open', NO_BYTES);
  }

  #open(): void {
    const { surroundings } = this.#options;
    this.#state = 'open';
    surroundings.record('opened', 0, 0);
    this.#events = surroundings.opened();
  }

  #resetDetail(): string {
    return this.#state === 'opening' ? 'nobody listens at the server' : 'the other end reset the connection';
  }

  // ---- sending

  /** Takes as much of the pending write as there is room for. */
  readonly #takeWrite = (): void => {
    const { runtime, room } = this.#options;
    const pending = this.#pending;
    if (pending === undefined) return;
    while (pending.taken < pending.bytes.length) {
      const bytes = pending.bytes.slice(pending.taken, pending.taken + SEGMENT_MAX_BYTES);
      if (!room.tryTake(bytes.length)) {
        room.wait(this.#takeWrite);
        return;
      }
      this.#heldBytes += bytes.length;
      pending.taken += bytes.length;
      this.#push('data', bytes);
    }
    this.#pending = undefined;
    if (this.#state === 'ending') this.#push('end', NO_BYTES);
    runtime.defer(() => {
      if (this.#state === 'open' || this.#state === 'ending') pending.onTaken();
    });
  };

  #push(kind: SegmentKind, bytes: Uint8Array): void {
    const unit = this.#sending.push(kind, bytes, this.#options.runtime.nowMs());
    unit.transmission = this.#transmit(kind, unit.sequence, bytes);
    this.#setRetransmitTimer();
  }

  /** Whatever is sent carries the acknowledgement with it. */
  #transmit(kind: SegmentKind, sequence: number, bytes: Uint8Array): Segment {
    this.#clearAckTimer();
    const length = kind === 'ack' || kind === 'reset' ? 0 : Math.max(1, bytes.length);
    const { runtime, surroundings } = this.#options;
    const [ack, sentMs, echoMs] = [this.#receiving.nextSequence, runtime.nowMs(), this.#echoMs];
    return surroundings.transmit({ kind, sequence, length, bytes, isWithSender: true, ack, sentMs, echoMs });
  }

  #repeat(unit: SentUnit, detail: string): void {
    this.#options.surroundings.record('retransmitted', unit.bytes.length, Math.max(0, unit.sequence - 1), detail);
    unit.transmission = this.#transmit(unit.kind, unit.sequence, unit.bytes);
  }

  #onAck({ ack, echoMs }: Segment): void {
    const { runtime, room } = this.#options;
    // Nothing is acknowledged before the opening is, so that this is the server's word that the device has its answer.
    const isOpened = this.#state === 'opening' && this.#receiving.nextSequence > 0 && ack > 0;
    const { freedBytes, repeat } = this.#sending.onAck(ack, echoMs, runtime.nowMs());
    if (repeat !== undefined) this.#repeat(repeat, 'the next hole');
    if (this.#state === 'ending' && this.#pending === undefined && this.#sending.isAcked) {
      this.#close('closed', 'everything written has come');
      return;
    }
    this.#setRetransmitTimer();
    this.#heldBytes -= freedBytes;
    room.release(freedBytes);
    if (isOpened) this.#open();
  }

  #setRetransmitTimer(): void {
    const { runtime } = this.#options;
    const nextTimeoutMs = this.#isClosed ? Number.POSITIVE_INFINITY : this.#sending.nextTimeoutMs;
    if (nextTimeoutMs === this.#retransmitMs) return;
    if (this.#retransmitTimer !== undefined) runtime.clearTimer(this.#retransmitTimer);
    this.#retransmitTimer = undefined;
    this.#retransmitMs = nextTimeoutMs;
    if (nextTimeoutMs === Number.POSITIVE_INFINITY) return;
    const delayMs = Math.max(0, nextTimeoutMs - runtime.nowMs());
    this.#retransmitTimer = runtime.setTimer(delayMs, () => this.#onRetransmitTimer());
  }

  #onRetransmitTimer(): void {
    const { runtime, timeouts } = this.#options;
    this.#retransmitTimer = undefined;
    this.#retransmitMs = Number.POSITIVE_INFINITY;
    const result = this.#sending.onTimeout(runtime.nowMs());
    if (result === 'dead') {
      this.#fail('closed', `no answer from the ${this.peer} for ${timeouts.unansweredMaxMs / 1000} s`);
      return;
    }
    if (result !== 'wait') this.#repeat(result, 'not acknowledged in time');
    this.#setRetransmitTimer();
  }

  // ---- receiving

  #onPiece(segment: Segment): void {
    const { runtime } = this.#options;
    // Behind the code that answers what comes now, so that the answer carries it.
    this.#ackTimer ??= runtime.setTimer(0, () => {
      this.#ackTimer = undefined;
      this.#transmit('ack', this.#sending.nextSequence, NO_BYTES);
    });
    const pieces = this.#receiving.accept(segment);
    if (pieces.length > 0) this.#echoMs = segment.sentMs;
    for (const piece of pieces) this.#take(piece);
  }

  #take({ kind, sequence, bytes }: Segment): void {
    if (this.#state === 'opening' && kind === 'open') {
      this.#open();
    } else if (this.#state !== 'open') {
      // After `end` the program hears nothing more.
    } else if (kind === 'data') {
      this.#options.surroundings.record('delivered', bytes.length, sequence - 1);
      this.#events?.received(bytes);
    } else if (kind === 'end') {
      this.#fail('closed', 'the other end closed the connection');
      // Behind the closing, which takes back what has not left yet.
      this.#transmit('ack', this.#sending.nextSequence, NO_BYTES);
    }
  }

  #clearAckTimer(): void {
    if (this.#ackTimer !== undefined) this.#options.runtime.clearTimer(this.#ackTimer);
    this.#ackTimer = undefined;
  }

  // ---- closing

  /** This end is over without its program's doing, which hears of it unless it has said `end`. */
  #fail(what: 'closed' | 'reset', detail: string): void {
    const wasOpen = this.#state === 'open';
    const wasOpening = this.#state === 'opening';
    if (this.#state === 'closed') return;
    this.#close(what, detail);
    if (wasOpen) this.#events?.closed(detail);
    else if (wasOpening) this.#options.surroundings.refused(detail);
  }

  #close(what: 'closed' | 'reset', detail: string): void {
    const { runtime, room, surroundings } = this.#options;
    this.#state = 'closed';
    this.#clearAckTimer();
    if (this.#endTimer !== undefined) runtime.clearTimer(this.#endTimer);
    this.#setRetransmitTimer();
    this.#pending = undefined;
    surroundings.forgetUnsent();
    room.release(this.#heldBytes);
    this.#heldBytes = 0;
    surroundings.record(what, 0, 0, detail);
    surroundings.gone();
  }
}
