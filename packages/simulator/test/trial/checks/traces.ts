// Small traces made by hand for the tests of the checks: events that follow one another by ten milliseconds, and the whole
// life of a message that is treated as promised.

import type { Trace, TraceDetail, TraceEvent } from '../../../src/trial/trace-event.js';

/** An event; without a time it is ten milliseconds later than the one before. */
export type Step = TraceDetail & { readonly who: string; readonly atMs?: number };

/** Puts steps in a row. */
export function traceOf(...steps: readonly (Step | readonly Step[])[]): Trace {
  let nowMs = 0;
  return steps.flat().map((step): TraceEvent => {
    nowMs = step.atMs ?? nowMs + 10;
    return { ...step, atMs: nowMs };
  });
}

export const DEVICE = 'device-1';
const AGENT = 'agent';

export const idOf = (sequence: number, who = DEVICE): string => `${who}/${sequence}`;
export const opened = (next: number, life = 1, who = DEVICE): Step => ({ who, what: 'opened', life, lane: '', next });
export const crashed = (life = 1, who = DEVICE): Step => ({ who, what: 'crashed', life });
export const agentCrashed: Step = { who: AGENT, what: 'agentCrashed', life: 1 };
export const agentStarted: Step = { who: AGENT, what: 'agentStarted', life: 2 };

interface SendChoices {
  readonly sequence?: number;
  readonly lane?: string;
  readonly life?: number;
  readonly who?: string;
  readonly ttlMs?: number;
}

/** Message `n`; its number in the outbox is the same unless another is given. */
export function send(
  n: number,
  { sequence = n, lane = '', life = 1, who = DEVICE, ttlMs = 0 }: SendChoices = {},
): Step {
  return {
    who,
    what: 'send',
    life,
    n,
    lane,
    sequence,
    id: idOf(sequence, who),
    ...{ importance: 'critical', ttlMs, bytes: 5 },
    hash: `hash ${n}`,
  };
}

export const stored = (n: number, who = DEVICE): Step => ({ who, what: 'stored', n });
export const notStored = (n: number, who = DEVICE): Step => ({ who, what: 'notStored', n });
export const settled = (n: number, status = 'acknowledged', reply = ''): Step => ({
  ...{ who: DEVICE, what: 'settled', n, status, reply },
});
export const calledBack = (n: number, works = true): Step => ({ who: DEVICE, what: 'calledBack', n, works });
export function ended(first: number, last = first, status = 'acknowledged', life = 1, attempts = 1, lane = ''): Step {
  return { who: DEVICE, what: 'ended', life, lane, first, last, status, attempts };
}

export function began(n: number, { sequence = n, attempt = 1, hash = `hash ${n}`, device = DEVICE } = {}): Step {
  return { who: AGENT, what: 'handlerBegan', from: device, n, id: idOf(sequence, device), attempt, hash };
}
export function done(n: number, sequence = n, device = DEVICE, reply = ''): Step {
  return { who: AGENT, what: 'handlerDone', from: device, n, id: idOf(sequence, device), reply };
}
export function failed(n: number): Step {
  return { who: AGENT, what: 'handlerFailed', from: DEVICE, n, id: idOf(n) };
}
export function received(n: number, isPlain = false): Step {
  return { who: AGENT, what: 'received', device: DEVICE, n, isPlain };
}

export const commitBegan = (who: string, commit: number, about: string | number): Step => ({
  ...{ who, what: 'commitBegan', commit, about: String(about) },
});
export const committed = (who: string, commit: number): Step => ({ who, what: 'committed', commit });

/** Message `n` comes to the outbox's disk, by the commit of the same number. */
export const outboxKeeps = (n: number, who = DEVICE): Step[] => [commitBegan(who, n, n), committed(who, n)];
/** The device's record comes to the inbox's disk, by this commit. */
export const inboxKeeps = (commit: number): Step[] => [
  commitBegan(AGENT, commit, `inbox/${DEVICE}`),
  committed(AGENT, commit),
];

/** Message `n`, from the call to its outcome. */
export function wholeLife(n: number): Step[] {
  return [
    ...[send(n), ...outboxKeeps(n), stored(n), received(n), began(n), done(n)],
    ...[...inboxKeeps(n), settled(n), ended(n)],
  ];
}

/** A trial that ends at rest, with nothing left. */
export const END: Step[] = [
  { who: 'trial', what: 'faultsOver' },
  { who: 'trial', what: 'quiet' },
  { who: DEVICE, what: 'left', messages: 0 },
  { who: DEVICE, what: 'peak', gauge: 'outbox', value: 5, limit: 5 },
];

interface PlainChoices {
  readonly onError?: string;
  readonly waitFor?: string;
}

/** A plain message; its timeout is a second. */
export function plainSend(
  n: number,
  { onError = 'RETURN_ON_ERROR', waitFor = 'WAIT_TIL_SENT' }: PlainChoices = {},
): Step {
  const policy = { onError, waitFor, timeoutMs: 1_000 };
  return { who: DEVICE, what: 'plainSend', life: 1, n, ...policy, bytes: 5, hash: `hash ${n}` };
}
export function plainCode(n: number, code: number, atMs?: number): Step {
  const event = { who: DEVICE, what: 'plainCode', n, code } as const;
  return atMs === undefined ? event : { ...event, atMs };
}
export function plainBegan(n: number): Step {
  return { who: AGENT, what: 'handlerBegan', from: DEVICE, n, id: '', attempt: 1, hash: `hash ${n}` };
}
