// The live sensor. Its messages are critical and in the lane without a name, so the channel itself says where to go on after
// a reload or a crash: everything below `nextSequence` was stored.

import type { ReliableChannel } from '@holdfast/reliable-channel';
import { byId, setText } from './dom.js';
import type { MessagesPanel } from './messages-panel.js';
import { parseReadings, type Reading } from './readings.js';
import { readReadingsFile } from './site.js';

/** How often it sends what is due, in milliseconds. */
const TICK_MS = 50;
/** So many readings at the most are made up for after a pause of the page, a tab in the background for example. */
const DUE_MAX = 20;

/** Sends readings at the pace that the page's control says. */
export class Sensor {
  readonly #channel: ReliableChannel;
  readonly #panel: MessagesPanel;
  readonly #button = byId('sensor', HTMLButtonElement);
  readonly #rate = byId('rate', HTMLSelectElement);
  #readings: readonly Reading[] = [];
  #timer: ReturnType<typeof setInterval> | undefined;
  #lastTickMs = 0;
  #due = 0;
  #isWaiting = false;

  constructor(channel: ReliableChannel, panel: MessagesPanel) {
    this.#channel = channel;
    this.#panel = panel;
    this.#button.addEventListener('click', () => void this.#toggle());
  }

  async #toggle(): Promise<void> {
    if (this.#timer !== undefined) {
      clearInterval(this.#timer);
      this.#timer = undefined;
      this.#show(false);
      return;
    }
    // Before the first wait: a second click stops again.
    this.#lastTickMs = performance.now();
    this.#due = 1;
    this.#timer = setInterval(() => void this.#tick(), TICK_MS);
    this.#show(true);
    try {
      if (this.#readings.length === 0) this.#readings = parseReadings(await readReadingsFile());
    } catch {
      setText(byId('reading-at', HTMLElement), 'the readings can not be loaded; is the server gone?');
      clearInterval(this.#timer);
      this.#timer = undefined;
      this.#show(false);
    }
  }

  #show(isRunning: boolean): void {
    this.#button.classList.toggle('running', isRunning);
    setText(this.#button, isRunning ? 'Stop sensor' : 'Start sensor');
  }

  async #tick(): Promise<void> {
    const nowMs = performance.now();
    this.#due = Math.min(DUE_MAX, this.#due + ((nowMs - this.#lastTickMs) / 1_000) * Number(this.#rate.value));
    this.#lastTickMs = nowMs;
    if (this.#readings.length === 0 || this.#isWaiting) return;
    // A sensor would rather wait than lose: an outbox that is full is empty some time later.
    this.#isWaiting = true;
    await this.#channel.ready();
    this.#isWaiting = false;
    for (; this.#due >= 1; this.#due -= 1) this.#sendNext();
  }

  #sendNext(): void {
    const place = (this.#channel.stats().nextSequence - 1) % this.#readings.length;
    const reading = this.#readings[place];
    if (reading === undefined) return;
    const celsius = Math.round(reading.celsius * 100) / 100;
    this.#panel.send('reading', { ...reading, celsius }, { lane: '', title: `Reading: ${celsius.toFixed(2)}\u00a0°C` });
    setText(byId('celsius', HTMLElement), celsius.toFixed(2));
    setText(byId('reading-at', HTMLElement), `taken ${reading.at}`);
  }
}
