// Writes down what one outbox is given and what it says: the sends, what their deliveries answer, and what its channel tells.

import type { ChannelEvent, Delivery, SendingStats, SendOptions } from '@holdfast/reliable-channel';
import type { Life } from './life.js';
import { contentHash, type TrialData } from './message-body.js';
import type { RecordEvent } from './trace-recorder.js';
import type { PlannedSend } from './trial-plan.js';

/** What a planned send asks of the channel. */
export function sendOptionsOf({ lane, importance, ttlMs, coalesceKey, maxAttempts }: PlannedSend): SendOptions {
  return {
    ...(lane !== '' && { lane }),
    importance,
    ...(ttlMs > 0 && { ttlMs }),
    ...(coalesceKey !== '' && { coalesceKey }),
    ...(maxAttempts > 0 && { maxAttempts }),
  };
}

/** One outbox in one life of its program. */
export class ObservedSending {
  readonly #life: Life;
  readonly #outbox: string;
  readonly #record: RecordEvent;

  /** @param outbox - its name in the trace */
  constructor(life: Life, outbox: string, record: RecordEvent) {
    this.#life = life;
    this.#outbox = outbox;
    this.#record = record;
  }

  /** The outbox is open. */
  onOpened({ lanes }: Pick<SendingStats, 'lanes'>, plannedLanes: readonly string[]): void {
    const next = new Map(lanes.map(({ lane, nextSequence }) => [lane, nextSequence]));
    for (const lane of plannedLanes) {
      this.#record(this.#outbox, { what: 'opened', life: this.#life.number, lane, next: next.get(lane) ?? 1 });
    }
  }

  /** The program has sent message `n`. */
  onSent(n: number, data: TrialData, planned: PlannedSend, delivery: Delivery): void {
    const { lane, importance, ttlMs, bytes, cancelAfterMs } = planned;
    const about = { lane, sequence: sequenceOf(delivery), id: delivery.id ?? '', importance, ttlMs };
    this.#note({ what: 'send', life: this.#life.number, n, ...about, bytes, hash: contentHash(data) });
    delivery.stored.then(
      this.#life.guard(() => this.#note({ what: 'stored', n })),
      this.#life.guard(() => this.#note({ what: 'notStored', n })),
    );
    void delivery.settled.then(
      this.#life.guard((outcome) => {
        const reply = outcome.status === 'acknowledged' && outcome.reply !== undefined ? String(outcome.reply) : '';
        this.#note({ what: 'settled', n, status: outcome.status, reply });
      }),
    );
    if (cancelAfterMs === undefined) return;
    this.#life.runtime.setTimer(cancelAfterMs, () => {
      this.#note({ what: 'calledBack', n, works: delivery.cancel() });
    });
  }

  /** What the channel tells. */
  onEvent(event: ChannelEvent): void {
    if (this.#life.isOver || (event.type !== 'acknowledged' && event.type !== 'givenUp')) return;
    const { lane, first, last } = event;
    const [status, attempts] =
      event.type === 'acknowledged' ? [event.type, 0] : [event.outcome.status, event.outcome.attempts];
    this.#note({ what: 'ended', life: this.#life.number, lane, first, last, status, attempts });
  }

  #note(detail: Parameters<RecordEvent>[1]): void {
    this.#record(this.#outbox, detail);
  }
}

/** The number at the end of a delivery's id; 0: it has none. */
function sequenceOf({ id }: Delivery): number {
  return id === undefined ? 0 : Number(id.slice(id.lastIndexOf('-') + 1));
}
