// What `holdfast outbox` does with dead letters: show one whole, put them back into the outbox, let them go.

import { isHoldfastError } from '@holdfast/protocol';
import type { DeadLetter, StoredOutbox } from '@holdfast/reliable-channel';
import { CommandError } from '../command-error.js';
import { jsonText } from '../json-text.js';
import { counted, printable } from '../terminal.js';
import { timeText } from './outbox-listing.js';

/** So many are worked on together: they share commits, and a hand on Ctrl-C does not wait long. */
const TOGETHER = 64;

/** Which dead letters are meant. */
export type Chosen = { readonly id: number } | { readonly all: true };

/** How far some work on dead letters came. */
export interface Done {
  readonly done: number;
  readonly left: number;
}

/** Whom the work asks and tells. */
export interface LetterWorkCallbacks {
  /** Told before the work begins, and then how many are done. */
  onProgress(done: number, total: number): void;
  /** Ends the work early, between two dead letters. */
  readonly signal: AbortSignal;
}

/** One dead letter. @throws CommandError when there is none of this id */
export async function findLetter(outbox: StoredOutbox, id: number): Promise<DeadLetter> {
  const letter = await outbox.deadLetters.get(id);
  if (letter === undefined) throw unknown(id);
  return letter;
}

/** One dead letter for people, data and all. */
export function letterLines(letter: DeadLetter): string[] {
  const { id, lane, sequence, name, status, reason, attempts, acceptedAtMs, diedAtMs, headers, data } = letter;
  const texts = Object.entries(headers).map(([header, value]) => `header:   ${printable(header)}: ${printable(value)}`);
  return [
    `id:       ${id}`,
    `name:     ${printable(name)}`,
    `lane:     ${lane === '' ? '(default)' : printable(lane)}, message ${sequence}`,
    `status:   ${status}`,
    `reason:   ${printable(reason)}`,
    `attempts: ${attempts}`,
    `sent:     ${timeText(acceptedAtMs)}`,
    `died:     ${timeText(diedAtMs)}`,
    ...texts,
    `data:     ${data === undefined ? '(can not be read)' : visible(jsonText(data, 2))}`,
  ];
}

/** Puts dead letters back into the outbox, oldest first. @throws CommandError that says how far it came */
export function retryLetters(outbox: StoredOutbox, chosen: Chosen, callbacks: LetterWorkCallbacks): Promise<Done> {
  return onEach(outbox, chosen, callbacks, async (id) => {
    await outbox.deadLetters.replay(id);
  });
}

/** Lets dead letters go. @throws CommandError that says how far it came */
export function discardLetters(outbox: StoredOutbox, chosen: Chosen, callbacks: LetterWorkCallbacks): Promise<Done> {
  return onEach(outbox, chosen, callbacks, async (id) => {
    await outbox.deadLetters.discard(id);
  });
}

async function onEach(
  outbox: StoredOutbox,
  chosen: Chosen,
  { onProgress, signal }: LetterWorkCallbacks,
  work: (id: number) => Promise<void>,
): Promise<Done> {
  const ids = 'all' in chosen ? (await outbox.deadLetters.list()).map(({ id }) => id) : [chosen.id];
  if ('id' in chosen) await findLetter(outbox, chosen.id);
  let done = 0;
  onProgress(done, ids.length);
  while (done < ids.length && !signal.aborted) {
    const together = ids.slice(done, done + TOGETHER);
    const results = await Promise.allSettled(together.map(work));
    const failed = results.find((result) => result.status === 'rejected');
    done += results.filter(({ status }) => status === 'fulfilled').length;
    onProgress(done, ids.length);
    if (failed !== undefined) throw stopped(done, failed.reason);
  }
  return { done, left: ids.length - done };
}

/** JSON with every character that a terminal could take for a command escaped; it is the same JSON. */
function visible(json: string): string {
  return json.replace(/[^\P{C}\n]/gu, (character) =>
    [...Array(character.length).keys()]
      .map((index) => `\\u${character.charCodeAt(index).toString(16).padStart(4, '0')}`)
      .join(''),
  );
}

function unknown(id: number): CommandError {
  return new CommandError(`there is no dead letter ${id}; list them with holdfast outbox ls`);
}

function stopped(done: number, cause: unknown): CommandError {
  const message = isHoldfastError(cause) || cause instanceof Error ? cause.message : String(cause);
  return new CommandError(`${message}; ${counted(done, 'dead letter')} done before that`, { cause });
}
