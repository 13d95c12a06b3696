// One line at the top: where the channel stands. What changes in it is announced, the counts in it are not.

import type { ChannelStats } from '@holdfast/reliable-channel';
import type { Announcer } from './announcer.js';
import { count, setText } from './dom.js';
import type { SiteState } from './site-state.js';

/** What the line is made from. `site`: `undefined` when the server does not answer. */
export interface StatusState {
  readonly stats: Pick<ChannelStats, 'state' | 'outboxMessages'>;
  readonly isConnected: boolean;
  readonly site: SiteState | undefined;
  /** Where the page dials. */
  readonly agentUrl: string;
}

/** What the line says. */
export interface Status {
  readonly tone: 'good' | 'busy' | 'broken';
  readonly text: string;
  /** The same without counts, for the ear. */
  readonly spoken: string;
}

/** Where things stand, in words. */
export function statusOf({ stats, isConnected, site, agentUrl }: StatusState): Status {
  const { outboxMessages: waiting } = stats;
  const kept = waiting === 0 ? '' : `, ${count(waiting)} on disk`;
  if (site === undefined && !isConnected) return broken('The example’s server is gone', kept);
  // It chooses a new port for the link each time, and the page's policy allows the old one.
  if (site !== undefined && site.agentUrl !== agentUrl)
    return broken('The server was started again: reload the page', kept);
  if (site?.agent.status === 'killed') return broken('The agent is dead', kept);
  if (site?.link === 'cut') return broken('The link is cut', kept);
  if (site?.link === 'hole') return broken('The link is a black hole', kept);
  if (!isConnected || stats.state !== 'open') return { ...broken('Connecting', kept), tone: 'busy' };
  if (waiting === 0) return { tone: 'good', text: 'Connected, nothing waits', spoken: 'Connected, nothing waits' };
  return { tone: 'busy', text: `Connected, ${count(waiting)} not acknowledged yet`, spoken: 'Connected' };
}

function broken(what: string, kept: string): Status {
  return { tone: 'broken', text: `${what}${kept}`, spoken: what };
}

/** Shows and announces where things stand. */
export class StatusLine {
  readonly #element: HTMLElement;
  readonly #announcer: Announcer;
  #spoken = '';

  constructor(element: HTMLElement, announcer: Announcer) {
    this.#element = element;
    this.#announcer = announcer;
  }

  show(state: StatusState): void {
    const { tone, text, spoken } = statusOf(state);
    setText(this.#element, text);
    if (this.#element.dataset.tone !== tone) this.#element.dataset.tone = tone;
    // While messages come and go, "connected" and "nothing waits" would alternate all the time.
    if (spoken === this.#spoken || (spoken === 'Connected' && this.#spoken.startsWith(spoken))) return;
    this.#spoken = spoken;
    this.#announcer.say(spoken);
  }
}
