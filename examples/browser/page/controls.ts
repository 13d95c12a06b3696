// The controls that break things. The server does it; what it says afterwards is what the controls show.

import type { Announcer } from './announcer.js';
import type { Device } from './device.js';
import { byId, choose, chosen, setText } from './dom.js';
import { command } from './site.js';
import type { Handling, LinkState, SiteCommand, SiteState } from './site-state.js';

const LINK_HINTS: Readonly<Record<LinkState, string>> = {
  up: 'Bytes get through.',
  cut: 'Every connection is reset, and none is accepted.',
  hole: 'Writes succeed and nothing arrives. The page finds out by silence, after eight seconds.',
};
const HANDLING_HINTS: Readonly<Record<Handling, string>> = {
  now: 'Handles each message at once.',
  slow: 'Needs a second for each message; its queue of 64 fills.',
  later: 'Answers each message with “come again later”.',
};

/** The slider is followed when it has rested so long, in milliseconds. */
const SLIDER_REST_MS = 150;

/** The panel "Break it". */
export class Controls {
  readonly #form = byId('controls', HTMLFormElement);
  readonly #agent = byId('agent', HTMLButtonElement);
  readonly #roundTrip = byId('round-trip', HTMLInputElement);
  readonly #announcer: Announcer;
  readonly #onState: (state: SiteState) => void;
  #sliderTimer: ReturnType<typeof setTimeout> | undefined;
  /** Commands under way: what the server says meanwhile is older than what was chosen. */
  #underWay = 0;
  #answers = 0;

  /** @param onState - told where things stand after each command */
  constructor(announcer: Announcer, onState: (state: SiteState) => void) {
    this.#announcer = announcer;
    this.#onState = onState;
    this.#form.addEventListener('submit', (event) => event.preventDefault());
    this.#form.addEventListener('change', ({ target }) => {
      const name = target instanceof HTMLInputElement ? target.name : '';
      if (name === 'link') void this.#ask({ link: chosen(this.#form, name) as LinkState });
      if (name === 'handling') void this.#ask({ handling: chosen(this.#form, name) as Handling });
    });
    this.#agent.addEventListener('click', () => {
      void this.#ask({ agent: this.#agent.dataset.does === 'start' ? 'running' : 'killed' });
    });
    this.#roundTrip.addEventListener('input', () => {
      this.#showRoundTrip(Number(this.#roundTrip.value));
      clearTimeout(this.#sliderTimer);
      this.#sliderTimer = setTimeout(() => {
        this.#sliderTimer = undefined;
        void this.#ask({ roundTripMs: Number(this.#roundTrip.value) });
      }, SLIDER_REST_MS);
    });
  }

  /** How many commands the server has answered. */
  get answers(): number {
    return this.#answers;
  }

  /** The radio is this page's own. */
  connectRadio({ radio }: Pick<Device, 'radio'>): void {
    const select = byId('radio', HTMLSelectElement);
    const follow = (): void => {
      radio.bytesPerSecond = Number(select.value);
    };
    select.addEventListener('change', follow);
    follow();
  }

  /** Shows where things stand, unless someone is changing it just now. */
  show({ link, handling, roundTripMs, agent }: SiteState): void {
    if (this.#underWay > 0) return;
    choose(this.#form, 'link', link);
    choose(this.#form, 'handling', handling);
    setText(byId('link-hint', HTMLElement), LINK_HINTS[link]);
    setText(byId('handling-hint', HTMLElement), HANDLING_HINTS[handling]);
    if (this.#sliderTimer === undefined) {
      this.#roundTrip.value = String(roundTripMs);
      this.#showRoundTrip(roundTripMs);
    }
    const isDead = agent.status === 'killed';
    this.#agent.dataset.does = isDead ? 'start' : 'kill';
    setText(this.#agent, isDead ? 'Start the agent' : 'Kill the agent');
  }

  #showRoundTrip(ms: number): void {
    setText(byId('round-trip-text', HTMLElement), `${ms} ms`);
    this.#roundTrip.setAttribute('aria-valuetext', `${ms} milliseconds`);
  }

  async #ask(wanted: SiteCommand): Promise<void> {
    this.#underWay += 1;
    try {
      const state = await command(wanted);
      this.#underWay -= 1;
      this.#answers += 1;
      this.show(state);
      this.#onState(state);
    } catch (error) {
      this.#underWay -= 1;
      this.#announcer.say(`That did not work: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
}
