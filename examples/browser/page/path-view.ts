// The path of a message, station by station, with what is there now.

import type { ChannelStats } from '@holdfast/reliable-channel';
import type { Transport } from '@holdfast/transport';
import { byId, count, messages, setText } from './dom.js';
import type { SiteState } from './site-state.js';

/** How a station is to look: as usual, with something in it, or broken. */
type Tone = 'calm' | 'busy' | 'broken';

const LINK_TEXTS = { up: 'up', cut: 'cut', hole: 'black hole' } as const;
const HANDLING_TEXTS = { now: '', slow: 'overloaded: a second each', later: 'has no time now' } as const;

/** What the stations are drawn from. `site`: `undefined` when the server does not answer. */
export interface PathState {
  readonly stats: ChannelStats;
  readonly transport: Transport;
  readonly site: SiteState | undefined;
}

/** Draws the stations. */
export function drawPath({ stats, transport, site }: PathState): void {
  const { outboxMessages, acceptedMessages } = stats;
  const { usedBytes, capacityBytes } = transport.sendBuffer;
  const isConnected = transport.isConnected();
  station('program', 'calm', `${count(acceptedMessages)} sent`);
  station('outbox', outboxMessages > 0 ? 'busy' : 'calm', outboxMessages > 0 ? messages(outboxMessages) : 'empty');
  const fill = `${count(usedBytes)} of ${count(capacityBytes)} bytes`;
  station('buffer', usedBytes > 0 ? 'busy' : 'calm', usedBytes > 0 ? fill : 'empty');
  if (site === undefined) {
    station('link', isConnected ? 'calm' : 'broken', isConnected ? 'up' : 'down');
    station('server', 'broken', 'gone');
    station('agent', 'broken', 'gone', 'the page’s server does not answer');
    return;
  }
  const { link, agent, done, handling, roundTripMs } = site;
  const isWhole = link === 'up' && isConnected;
  const there = isConnected ? `${count(roundTripMs)} ms there and back` : 'no connection';
  station('link', isWhole ? 'calm' : 'broken', link === 'up' && !isConnected ? 'down' : LINK_TEXTS[link], there);
  if (agent.status !== 'running') {
    station('server', 'broken', 'gone', 'what waited here is lost');
    station('agent', 'broken', agent.status === 'killed' ? 'killed' : 'starting', 'its inbox is on disk');
    return;
  }
  const waits = `${count(agent.queuedMessages)} wait${agent.queuedMessages === 1 ? 's' : ''}`;
  const queue = agent.isOverloaded ? 'the queue is full' : "the agent's queue";
  station('server', agent.queuedMessages > 0 ? 'busy' : 'calm', waits, queue);
  const handled = `${count(done.reliable + done.plain)} handled`;
  station('agent', handling === 'now' ? 'calm' : 'busy', handled, HANDLING_TEXTS[handling] || 'handler and inbox');
}

function station(name: string, tone: Tone, text: string, hint?: string): void {
  const element = byId(`station-${name}`, HTMLElement);
  if (element.dataset.tone !== tone) element.dataset.tone = tone;
  const value = element.querySelector('strong');
  if (value !== null) setText(value, text);
  const below = element.querySelector('.hint');
  if (below !== null && hint !== undefined) setText(below, hint);
}
