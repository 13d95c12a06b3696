// What a sending half tells of its messages: to those who hold a delivery, to the counters, and to observers.

import { decodeData, ProtocolError } from '@holdfast/protocol';
import type { ChannelEvent } from './channel-events.js';
import type { LaneRun, SenderOutput } from './core/index.js';
import { Deliveries } from './deliveries.js';
import type { Delivery, Outcome } from './delivery.js';
import { Tally } from './tally.js';

/** What the book asks the sending half about one message. */
export interface DeliveryBookQuestions {
  /** The number that the next message of a lane gets. */
  nextSequence(lane: string): number;
  /** Whether a message is over, and the store knows that if it has to. */
  isOver(lane: string, sequence: number): boolean;
  /** Calls a message back; says whether that works. */
  cancel(lane: string, sequence: number): boolean;
}

/** What the core tells of messages. */
export type MessageNews = Extract<SenderOutput, { type: 'stored' | 'acknowledged' | 'replied' | 'givenUp' }>;

/** The deliveries of all lanes, and what became of them. */
export class DeliveryBook {
  readonly tally = new Tally();
  readonly #questions: DeliveryBookQuestions;
  readonly #lanes = new Map<string, Deliveries>();

  constructor(questions: DeliveryBookQuestions) {
    this.#questions = questions;
  }

  /** Whether somebody waits for a message. */
  get isAsked(): boolean {
    for (const deliveries of this.#lanes.values()) if (deliveries.isAsked) return true;
    return false;
  }

  /** The delivery of the message that comes next in a lane. @param isCritical - false: it may be sent without being stored */
  create<Reply>(lane: string, epoch: string, isCritical: boolean): Delivery<Reply> {
    this.tally.onAccepted();
    return this.#lane(lane).create(epoch, this.#questions.nextSequence(lane), isCritical);
  }

  /** Takes what the core tells, and returns it as observers are told. */
  tell(news: MessageNews): ChannelEvent {
    switch (news.type) {
      case 'stored':
        this.#lane(news.lane).onStored(news);
        return { type: 'stored', ...runOf(news) };
      case 'acknowledged':
        this.tally.onAcknowledged(news.last - news.first + 1);
        this.#lane(news.lane).onAcknowledged(news);
        return { type: 'acknowledged', ...runOf(news) };
      case 'replied':
        return this.#onReplied(news);
      case 'givenUp': {
        const { outcome, attempts, ...run } = news;
        const told = { ...outcome, attempts };
        this.tally.onGivenUp(outcome, run.last - run.first + 1);
        this.#lane(run.lane).onGivenUp(run, told);
        return { type: 'givenUp', ...runOf(run), outcome: told };
      }
    }
  }

  /** The half is closed: everything that is not settled has this outcome. */
  onClosed(outcome: Outcome): void {
    for (const deliveries of this.#lanes.values()) deliveries.onClosed(outcome);
  }

  #onReplied({ lane, sequence, value }: Extract<MessageNews, { type: 'replied' }>): ChannelEvent {
    const reply = decodeData(value);
    const run = { lane, first: sequence, last: sequence };
    this.tally.onAcknowledged(1);
    // The work is done all the same; a reply that can not be read is none.
    if (reply instanceof ProtocolError) this.#lane(lane).onAcknowledged(run);
    else this.#lane(lane).onReplied(sequence, reply.value, value.length);
    return { type: 'acknowledged', ...run };
  }

  #lane(lane: string): Deliveries {
    let deliveries = this.#lanes.get(lane);
    if (deliveries === undefined) {
      const questions = {
        isOver: (sequence: number) => this.#questions.isOver(lane, sequence),
        cancel: (sequence: number) => this.#questions.cancel(lane, sequence),
      };
      deliveries = new Deliveries(lane, questions, this.#questions.nextSequence(lane) - 1);
      this.#lanes.set(lane, deliveries);
    }
    return deliveries;
  }
}

function runOf({ lane, first, last }: LaneRun): LaneRun {
  return { lane, first, last };
}
