// The page's server, as the page sees it: where things stand, and what the buttons ask for.

import type { SiteCommand, SiteState } from './site-state.js';

/** How long the server may take to answer, in milliseconds; starting the agent takes the longest. */
const ANSWER_TIMEOUT_MS = 25_000;

/** Asks where things stand. @throws Error when the server does not answer */
export async function readSiteState(): Promise<SiteState> {
  return answerOf(await fetch('/state', { signal: AbortSignal.timeout(ANSWER_TIMEOUT_MS) }));
}

/** Asks for a change. Resolves with where things stand after it. @throws Error that says why it was refused */
export async function command(wanted: SiteCommand): Promise<SiteState> {
  const response = await fetch('/control', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(wanted),
    signal: AbortSignal.timeout(ANSWER_TIMEOUT_MS),
  });
  return answerOf(response);
}

/** The readings of the sensor, as they lie in their file. */
export async function readReadingsFile(): Promise<string> {
  const response = await fetch('/readings.csv');
  if (!response.ok) throw new Error(await response.text());
  return response.text();
}

async function answerOf(response: Response): Promise<SiteState> {
  if (!response.ok) throw new Error(await response.text());
  return (await response.json()) as SiteState;
}
