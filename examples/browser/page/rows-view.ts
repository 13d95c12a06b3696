// The rows of messages in the page. A row keeps its element while it is shown, so that what moves is the message.

import { count, make, setText } from './dom.js';
import { type MessageRow, type Stage, stepTowards } from './message-rows.js';

const STAGE_TEXTS: Readonly<Record<Stage, string>> = {
  taken: 'taken, in memory',
  stored: 'stored, waits',
  sent: 'sent, in flight',
  acknowledged: 'acknowledged',
  over: 'ended',
};

const LANE_TEXTS: Readonly<Record<string, string>> = { '': 'sensor lane' };

interface RowElements {
  readonly row: HTMLTableRowElement;
  readonly stage: HTMLElement;
  readonly detail: HTMLElement;
  shown: Stage;
}

/** Shows rows. */
export class RowsView {
  readonly #body: HTMLTableSectionElement;
  readonly #elements = new Map<MessageRow, RowElements>();

  constructor(body: HTMLTableSectionElement) {
    this.#body = body;
  }

  /** Shows these, the first on top, each at most one step further than the last time. */
  show(rows: readonly MessageRow[]): void {
    const shown = new Set(rows);
    for (const [row, elements] of this.#elements) {
      if (shown.has(row)) continue;
      elements.row.remove();
      this.#elements.delete(row);
    }
    let before = this.#body.firstElementChild;
    for (const row of rows) {
      const known = this.#elements.get(row);
      const elements = known ?? makeRow(row);
      if (known === undefined) {
        this.#elements.set(row, elements);
        this.#body.insertBefore(elements.row, before);
      } else before = known.row.nextElementSibling;
      update(elements, row);
    }
  }
}

function makeRow({ title, lane, sequence, takenAtMs }: MessageRow): RowElements {
  const place = `${LANE_TEXTS[lane] ?? `lane ${lane}`}, number ${count(sequence)}`;
  const origin = takenAtMs === undefined ? ', from before the reload' : '';
  const head = make('th', {}, make('span', { className: 'title', text: title }));
  head.scope = 'row';
  head.append(make('span', { className: 'aside', text: place + origin }));
  const stage = make('span', { className: 'stage' });
  const detail = make('span', { className: 'aside' });
  // The steps are drawn beside the words that say the same.
  const steps = make('span', { className: 'steps' }, make('i'), make('i'), make('i'));
  steps.setAttribute('aria-hidden', 'true');
  const cell = make('td', {}, make('span', { className: 'progress' }, steps, stage), detail);
  return { row: make('tr', {}, head, cell), stage, detail, shown: takenAtMs === undefined ? 'stored' : 'taken' };
}

function update(elements: RowElements, message: MessageRow): void {
  const { row, stage, detail } = elements;
  elements.shown = stepTowards(message.stage, elements.shown);
  if (row.dataset.stage !== elements.shown) row.dataset.stage = elements.shown;
  setText(stage, STAGE_TEXTS[elements.shown]);
  setText(detail, detailOf(message));
}

function detailOf({ storedAfterMs, overAfterMs, detail }: MessageRow): string {
  const parts = [
    storedAfterMs === undefined ? '' : `on disk after ${count(Math.round(storedAfterMs))} ms`,
    overAfterMs === undefined ? '' : `over after ${count(Math.round(overAfterMs))} ms`,
    detail ?? '',
  ];
  return parts.filter((part) => part !== '').join(', ');
}
