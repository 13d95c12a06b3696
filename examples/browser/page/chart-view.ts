// One small chart: a title, the value now, and a line for the last minute. Its picture is described in words too.

import { type ChartArea, fillPath, linePath, niceMax } from './chart-geometry.js';
import { make, makeSvg, setText } from './dom.js';
import { TimeSeries } from './time-series.js';

/** How often charts are fed, in milliseconds, and for how long they remember. */
export const SAMPLE_MS = 250;
const CAPACITY = 60_000 / SAMPLE_MS;

/** The picture is described anew after so many samples. */
const DESCRIBE_EVERY = 20;

/** The drawing is stretched to its place; its texts lie beside it and are not. */
const WIDTH = 300;
const HEIGHT = 80;
const AREA: ChartArea = { left: 0, top: 1, width: WIDTH, height: HEIGHT - 2 };

/** What a chart shows. */
export interface ChartOptions {
  readonly title: string;
  /** Which colour: a class of the style sheet. */
  readonly className: string;
  /** The value at the top edge: this one where there is a limit, else the next round one, and not less than `leastMax`. */
  readonly limit?: number;
  readonly leastMax: number;
  /** A value with its unit, for people. */
  readonly format: (value: number) => string;
  /** What no value means. */
  readonly nothing: string;
}

/** A chart in the page. */
export class ChartView {
  readonly element: HTMLElement;
  readonly #options: ChartOptions;
  readonly #series = new TimeSeries(CAPACITY);
  readonly #now = make('strong', { className: 'now' });
  readonly #picture: SVGElement;
  readonly #line = makeSvg('path', { class: 'line' });
  readonly #fill = makeSvg('path', { class: 'fill' });
  readonly #top = make('span');
  #samples = 0;

  constructor(options: ChartOptions) {
    this.#options = options;
    const middle = AREA.top + AREA.height / 2;
    const grid = `M0 ${AREA.top}H${WIDTH}M0 ${middle}H${WIDTH}M0 ${AREA.top + AREA.height}H${WIDTH}`;
    const viewBox = `0 0 ${WIDTH} ${HEIGHT}`;
    this.#picture = makeSvg('svg', { viewBox, preserveAspectRatio: 'none', role: 'img' });
    this.#picture.append(makeSvg('path', { class: 'grid', d: grid }), this.#fill, this.#line);
    const above = make('p', { className: 'ticks' }, this.#top);
    const below = make(
      'p',
      { className: 'ticks' },
      make('span', { text: 'a minute ago' }),
      make('span', { text: 'now' }),
    );
    // What they say is in the description.
    for (const ticks of [above, below]) ticks.setAttribute('aria-hidden', 'true');
    const caption = make('figcaption', {}, make('span', { text: options.title }), this.#now);
    this.element = make('figure', { className: `chart ${options.className}` }, caption, above, this.#picture, below);
    this.#describe();
  }

  /** Takes the value of now; `undefined`: there is none. */
  push(value: number | undefined): void {
    this.#series.push(value);
    const { values } = this.#series;
    const { format, limit, leastMax, nothing } = this.#options;
    const max = limit ?? niceMax(this.#series.highest, leastMax);
    const data = { values, capacity: CAPACITY, max };
    this.#line.setAttribute('d', linePath(data, AREA));
    this.#fill.setAttribute('d', fillPath(data, AREA));
    setText(this.#now, value === undefined ? nothing : format(value));
    setText(this.#top, format(max));
    this.#samples += 1;
    if (this.#samples % DESCRIBE_EVERY === 0) this.#describe();
  }

  #describe(): void {
    const { title, format, nothing } = this.#options;
    const { latest, highest } = this.#series;
    const now = latest === undefined ? nothing : format(latest);
    this.#picture.setAttribute('aria-label', `${title} over the last minute: now ${now}, at most ${format(highest)}`);
  }
}
