// The panel of messages: hears what the channel tells, keeps the rows, and counts.

import type { ChannelEvent, Delivery, Outcome, ReliableChannel } from '@holdfast/reliable-channel';
import { type Device, LANE_NAMES } from './device.js';
import { byId, count, setText } from './dom.js';
import { LaneFlight } from './lane-flight.js';
import { type MessageRow, MessageRows } from './message-rows.js';
import { RowsView } from './rows-view.js';

/** Rows in the page. */
export const ROWS_MAX = 30;
/** Rows that change together are drawn together, so often at the most, in milliseconds. */
const DRAW_MS = 60;
/** The header that says what a message is about: what waits in an outbox is listed without its data. */
export const TITLE_HEADER = 'title';

/** The rows of a channel's messages. */
export class MessagesPanel {
  readonly #channel: ReliableChannel;
  readonly #rows = new MessageRows(ROWS_MAX);
  readonly #view = new RowsView(byId('rows-body', HTMLTableSectionElement));
  readonly #flight = new LaneFlight(LANE_NAMES);
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor({ channel, found }: Pick<Device, 'channel' | 'found'>) {
    this.#channel = channel;
    setText(byId('rows-max', HTMLElement), String(ROWS_MAX));
    this.#flight.update(channel.stats().lanes, 0);
    for (const { lane, sequence, headers, name } of found) {
      this.#rows.add({ lane, sequence, title: headers[TITLE_HEADER] ?? name, takenAtMs: undefined });
    }
    channel.observe((event) => this.#onEvent(event));
    this.#draw();
  }

  /** Sends a message and shows it. */
  send(name: string, data: unknown, options: { readonly lane: string; readonly title: string }): Delivery {
    const { lane, title } = options;
    const delivery = this.#channel.send(name, data, { lane, headers: { [TITLE_HEADER]: title } });
    const row = this.#rows.add({ lane, sequence: sequenceOf(delivery), title, takenAtMs: performance.now() });
    // One that the outbox does not take has no number, and no event tells of it.
    if (delivery.id === undefined) void delivery.settled.then((outcome) => this.#onRefused(row, outcome));
    this.refresh();
    return delivery;
  }

  /** Sends a message, shows it, and shows what the agent has answered. */
  ask(
    name: string,
    data: unknown,
    options: { readonly lane: string; readonly title: string },
    describe: (reply: unknown) => string,
  ): Delivery {
    const delivery = this.send(name, data, options);
    const [row] = this.#rows.rows;
    void delivery.settled.then((outcome) => {
      if (row === undefined || outcome.status !== 'acknowledged') return;
      row.detail = describe(outcome.reply);
      this.refresh();
    });
    return delivery;
  }

  /** Draws soon. */
  refresh(): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      this.#draw();
    }, DRAW_MS);
  }

  #onEvent(event: ChannelEvent): void {
    const nowMs = performance.now();
    if (event.type === 'stored') this.#rows.onStored(event.lane, event.first, event.last, nowMs);
    else if (event.type === 'acknowledged') {
      this.#flight.onSettled(event.lane, event.first, event.last);
      this.#rows.onAcknowledged(event.lane, event.first, event.last, nowMs);
    } else if (event.type === 'givenUp') {
      this.#flight.onSettled(event.lane, event.first, event.last);
      const { status, reason } = event.outcome;
      this.#rows.onGivenUp(event.lane, event.first, event.last, nowMs, `${status}: ${reason}`);
    }
    this.refresh();
  }

  #onRefused(row: MessageRow, outcome: Outcome): void {
    row.stage = 'over';
    row.detail = outcome.status === 'evicted' ? `${outcome.status}: ${outcome.reason}` : outcome.status;
    this.refresh();
  }

  #draw(): void {
    const stats = this.#channel.stats();
    this.#flight.update(stats.lanes, stats.inFlightMessages);
    for (const lane of LANE_NAMES) this.#rows.onSent(lane, this.#flight.sentUpTo(lane));
    const { rows } = this.#rows;
    byId('rows', HTMLElement).hidden = rows.length === 0;
    byId('rows-empty', HTMLElement).hidden = rows.length > 0;
    this.#view.show(rows);
    const over = stats.rejectedMessages + stats.expiredMessages + stats.evictedMessages + stats.cancelledMessages;
    setText(byId('count-accepted', HTMLElement), count(stats.acceptedMessages));
    setText(byId('count-waiting', HTMLElement), count(stats.outboxMessages - stats.inFlightMessages));
    setText(byId('count-flight', HTMLElement), count(stats.inFlightMessages));
    setText(byId('count-acknowledged', HTMLElement), count(stats.acknowledgedMessages));
    setText(byId('count-over', HTMLElement), count(over));
  }
}

/** The number of a message in its lane: the end of its id. 0: the outbox has not taken it. */
function sequenceOf({ id }: Delivery): number {
  return id === undefined ? 0 : Number(id.slice(id.lastIndexOf('-') + 1));
}
