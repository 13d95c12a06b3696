// One inspection, three ways: what each way answers, and what has become of it. The agent's side is asked, because two of
// the three can not know.

import {
  DISCONNECTED,
  NOT_CONNECTED,
  RETURN_ON_ERROR_NO_DISCONNECT,
  TIMEOUT,
  type Transport,
  WAIT_FOR_ACK,
  WAIT_TIL_SENT,
  WOULDBLOCK,
} from '@holdfast/transport';
import { type Device, SEND_TIMEOUT_SECONDS } from './device.js';
import { byId, make, setText } from './dom.js';
import { readInspection, sendInspection } from './inspection-form.js';
import type { MessagesPanel } from './messages-panel.js';
import type { SiteState } from './site-state.js';

/** Rows that are kept. */
const ROWS_MAX = 9;
/** How long a plain message may take to the agent's queue, in milliseconds: slow link and slow radio together. */
const LOST_AFTER_MS = 10_000;

/** The send codes other than 0: what they mean, and whether the message can have gone out. */
const CODES: Readonly<Record<number, { readonly text: string; readonly isSent: boolean }>> = {
  [NOT_CONNECTED]: { text: 'there is no connection', isSent: false },
  [TIMEOUT]: { text: 'nobody answered in time', isSent: true },
  [DISCONNECTED]: { text: 'the connection was lost meanwhile', isSent: true },
  [WOULDBLOCK]: { text: 'it does not fit into the send buffer', isSent: false },
};

interface Comparison {
  readonly ref: string;
  readonly handled: HTMLTableCellElement;
  readonly isReliable: boolean;
  readonly sinceMs: number;
  readonly row: HTMLTableRowElement;
  /** What has become of it, as far as anyone can tell. */
  fate: 'open' | 'handled' | 'lost' | 'notSent';
}

const FATE_TEXTS = { open: 'not yet', handled: 'yes', lost: 'no: it is lost', notSent: 'no: it was not sent' } as const;

/** The panel "The same, three ways". */
export class ComparisonPanel {
  readonly #transport: Transport;
  readonly #messages: MessagesPanel;
  #rows: Comparison[] = [];
  #lastRef = 0;
  /** Refs of this page's life begin with this, so that those of an earlier one are not taken for them. */
  readonly #refPrefix = crypto.randomUUID();

  constructor({ transport }: Pick<Device, 'transport'>, messages: MessagesPanel) {
    this.#transport = transport;
    this.#messages = messages;
    byId('compare', HTMLButtonElement).addEventListener('click', () => this.#compare());
  }

  /** Looks which of them the agent has handled. */
  show({ done, agent }: SiteState): void {
    // One that neither is in the queue nor was handled is nowhere.
    const isNowhere = agent.queuedMessages === 0;

    for (const each of this.#rows) {
      if (done.refs.includes(each.ref)) settle(each, 'handled');
      else if (
        each.fate === 'open' &&
        !each.isReliable &&
        isNowhere &&
        performance.now() - each.sinceMs > LOST_AFTER_MS
      ) {
        settle(each, 'lost');
      }
    }
  }

  #compare(): void {
    byId('compare-empty', HTMLElement).hidden = true;
    byId('compare-table', HTMLElement).hidden = false;
    this.#sendReliable();
    this.#sendPlain(WAIT_FOR_ACK, 'the server has it');
    this.#sendPlain(WAIT_TIL_SENT, 'it is in the send buffer');
  }

  #sendPlain(waitFor: typeof WAIT_FOR_ACK | typeof WAIT_TIL_SENT, success: string): void {
    const { comparison, answer, meaning } = this.#addRow(`send, ${waitFor}`, false);
    const { inspection } = readInspection();
    this.#transport.setSendTimeoutPolicy(RETURN_ON_ERROR_NO_DISCONNECT, waitFor, SEND_TIMEOUT_SECONDS);
    void this.#transport.send('inspection', { ...inspection, ref: comparison.ref }).then((code) => {
      setText(answer, String(code));
      setText(meaning, CODES[code]?.text ?? success);
      if (CODES[code]?.isSent === false) settle(comparison, 'notSent');
    });
  }

  #sendReliable(): void {
    const { comparison, answer, meaning } = this.#addRow('reliable channel', true);
    const delivery = sendInspection(this.#messages, comparison.ref);
    delivery.stored.then(
      () => {
        if (delivery.outcome === undefined) {
          setText(answer, 'stored');
          setText(meaning, 'it is on disk here, and will arrive');
        }
      },
      () => {},
    );
    void delivery.settled.then((outcome) => {
      setText(answer, outcome.status);
      const isDone = outcome.status === 'acknowledged';
      setText(meaning, isDone ? 'the work is done and recorded' : 'reason' in outcome ? outcome.reason : '');
    });
  }

  #addRow(way: string, isReliable: boolean) {
    this.#lastRef += 1;
    const ref = `${this.#refPrefix}-${this.#lastRef}`;
    const head = make('th', { text: way });
    head.scope = 'row';
    const [answer, meaning] = [make('strong', { text: '…' }), make('span', { className: 'hint' })];
    const handled = make('td', { text: FATE_TEXTS.open });
    const row = make('tr', {}, head, make('td', {}, answer, meaning), handled);
    byId('compare-body', HTMLTableSectionElement).prepend(row);
    const comparison: Comparison = { ref, handled, isReliable, sinceMs: performance.now(), row, fate: 'open' };
    this.#rows.unshift(comparison);
    for (const old of this.#rows.splice(ROWS_MAX)) old.row.remove();
    return { comparison, answer, meaning };
  }
}

function settle(comparison: Comparison, fate: Exclude<Comparison['fate'], 'open'>): void {
  comparison.fate = fate;
  comparison.row.dataset.fate = fate;
  setText(comparison.handled, FATE_TEXTS[fate]);
}
