// What a recording comes to, in words: what the program was told, and what the agent really got.

import type { SendCode } from '@holdfast/transport';
import { eventsOf, type OutcomeRecording } from './events.js';
import type { Outcome } from './outcome.js';

const CODE_NAME: Readonly<Record<SendCode, string>> = {
  0: '0',
  1: '1 NOT_CONNECTED',
  2: '2 TIMEOUT',
  3: '3 DISCONNECTED',
  4: '4 WOULDBLOCK',
};

/** A send code with its name: `2 TIMEOUT`. */
export function codeText(code: SendCode): string {
  return CODE_NAME[code];
}

/** A time as everything shows it: `183.5`, in milliseconds. */
export function msText(ms: number): string {
  return String(Math.round(ms * 10) / 10);
}

/** A count with commas: `3,456`. */
export function countText(count: number): string {
  return count.toLocaleString('en-GB');
}

/** The policy as the program sets it. */
export function policyText({ onError, waitFor, timeoutSeconds }: Outcome): string {
  return `${onError}, ${waitFor}, ${timeoutSeconds} s`;
}

/** What each call returned, and after how long. */
export function returnsText(recording: OutcomeRecording): string {
  const called = eventsOf(recording, 'called');
  return eventsOf(recording, 'returned')
    .map(({ call, message, code, atMs }) => {
      const beganMs = called.find((event) => event.call === call)?.atMs ?? atMs;
      const isHalted = eventsOf(recording, 'suspended').some((halt) => halt.atMs >= beganMs && halt.atMs <= atMs);
      const after = atMs === beganMs ? 'at once' : `after ${msText(atMs - beganMs)} ms`;
      return `send(${message}): ${codeText(code)} ${after}${isHalted ? ', halted in between' : ''}`;
    })
    .join('; ');
}

/** What the agent handled, and what it dropped. */
export function agentText(recording: OutcomeRecording): string {
  const handled = eventsOf(recording, 'handled');
  const dropped = eventsOf(recording, 'dropped');
  const messages = [...new Set(handled.map(({ message }) => message))];
  const got = messages.map((message) => {
    const times = handled.filter((event) => event.message === message).map(({ atMs }) => `${msText(atMs)} ms`);
    return `message ${message}${times.length > 1 ? ` ${timesText(times.length)}` : ''} at ${times.join(' and ')}`;
  });
  const lost = dropped.map(
    ({ message, reason, atMs }) => `it dropped message ${message} at ${msText(atMs)} ms (${reason})`,
  );
  return [got.length === 0 ? 'nothing' : got.join(', '), ...lost].join('; ');
}

function timesText(count: number): string {
  return count === 2 ? 'twice' : `${count} times`;
}
