// What is in an outbox, for `holdfast outbox ls` and `stats`: read once, then written as tables or as JSON. Of what waits,
// only the first few messages of each lane are ever in memory.

import type { DeadLetter, StoredOutbox, WaitingMessage } from '@holdfast/reliable-channel';
import { byteSize, counted, duration, printable, tableLines } from '../terminal.js';

/** How many waiting messages of each lane are named. */
const FIRST_MESSAGES = 3;

/** One lane of what waits. */
export interface LaneListing {
  readonly lane: string;
  readonly messages: number;
  readonly bytes: number;
  readonly oldestAgeMs: number;
  /** The first few of them. */
  readonly first: readonly { readonly id: string; readonly name: string; readonly bytes: number }[];
}

/** A dead letter without its data. */
export type DeadLetterListing = Omit<DeadLetter, 'data' | 'headers'>;

/** What is in an outbox. */
export interface OutboxListing {
  readonly lanes: readonly LaneListing[];
  readonly deadLetters: readonly DeadLetterListing[];
}

/** What an outbox holds, in numbers. */
export interface OutboxNumbers {
  readonly epoch: string;
  readonly messages: number;
  readonly bytes: number;
  readonly oldestAgeMs: number;
  readonly lanes: number;
  readonly deadLetters: number;
  readonly deadLetterBytes: number;
  readonly quarantinedRecords: number;
}

/** Reads what is in an outbox. */
export async function readListing(outbox: StoredOutbox): Promise<OutboxListing> {
  const lanes: LaneListing[] = [];
  for (const lane of await outbox.lanes()) lanes.push({ ...lane, first: await firstOf(outbox, lane.lane) });
  const letters = await outbox.deadLetters.list();
  return { lanes, deadLetters: letters.map(({ data: _data, headers: _headers, ...letter }) => letter) };
}

/** Counts what is in an outbox. */
export async function readNumbers(outbox: StoredOutbox): Promise<OutboxNumbers> {
  const lanes = await outbox.lanes();
  const { epoch, deadLetterBytes, quarantinedRecords } = outbox;
  return {
    epoch,
    messages: sum(lanes.map(({ messages }) => messages)),
    bytes: sum(lanes.map(({ bytes }) => bytes)),
    oldestAgeMs: Math.round(Math.max(0, ...lanes.map(({ oldestAgeMs }) => oldestAgeMs))),
    lanes: lanes.length,
    deadLetters: outbox.deadLetters.count,
    deadLetterBytes,
    quarantinedRecords,
  };
}

/** A listing for people. */
export function listingLines({ lanes, deadLetters }: OutboxListing): string[] {
  return [...laneLines(lanes), ...deadLetterLines(deadLetters)];
}

/** The numbers for people. */
export function numberLines(numbers: OutboxNumbers): string[] {
  const oldest = numbers.messages === 0 ? '' : `, the oldest for ${duration(numbers.oldestAgeMs / 1_000)}`;
  const quarantined = numbers.quarantinedRecords;
  return [
    `waiting: ${counted(numbers.messages, 'message')} in ${counted(numbers.lanes, 'lane')}, ${byteSize(numbers.bytes)}${oldest}`,
    `dead letters: ${numbers.deadLetters}${numbers.deadLetters === 0 ? '' : `, ${byteSize(numbers.deadLetterBytes)}`}`,
    `epoch: ${numbers.epoch}`,
    ...(quarantined === 0 ? [] : [`unreadable records: ${quarantined}`]),
  ];
}

/** A time by the wall clock, to the second: `2026-03-01 12:00:00Z`. */
export function timeText(wallMs: number): string {
  return new Date(wallMs).toISOString().replace('T', ' ').replace(/\.\d+/, '');
}

async function firstOf(outbox: StoredOutbox, lane: string): Promise<LaneListing['first']> {
  const first: WaitingMessage[] = [];
  for await (const piece of outbox.waiting(lane)) {
    first.push(...piece.slice(0, FIRST_MESSAGES - first.length));
    if (first.length === FIRST_MESSAGES) break;
  }
  return first.map(({ id, name, bytes }) => ({ id, name, bytes }));
}

function laneLines(lanes: readonly LaneListing[]): string[] {
  if (lanes.length === 0) return ['nothing waits'];
  const total = counted(sum(lanes.map(({ messages }) => messages)), 'message');
  const rows = lanes.map(({ lane, messages, bytes, oldestAgeMs, first }) => {
    const names = first.map(({ id, name }) => `${printable(name)} (${printable(id)})`).join(', ');
    const more = messages > first.length ? ', …' : '';
    return [laneText(lane), String(messages), byteSize(bytes), duration(oldestAgeMs / 1_000), `${names}${more}`];
  });
  return [`waiting: ${total}`, ...indented(tableLines([['LANE', 'MESSAGES', 'SIZE', 'OLDEST', 'FIRST'], ...rows]))];
}

function deadLetterLines(letters: readonly DeadLetterListing[]): string[] {
  if (letters.length === 0) return ['no dead letters'];
  const rows = letters.map(({ id, lane, name, status, attempts, diedAtMs, reason }) => {
    const when = timeText(diedAtMs);
    return [String(id), laneText(lane), printable(name), status, String(attempts), when, printable(reason)];
  });
  const head = ['ID', 'LANE', 'NAME', 'STATUS', 'ATTEMPTS', 'WHEN', 'REASON'];
  return [`dead letters: ${letters.length}`, ...indented(tableLines([head, ...rows]))];
}

/** The lane without a name has to be called something. */
function laneText(lane: string): string {
  return lane === '' ? '(default)' : printable(lane);
}

function indented(lines: readonly string[]): string[] {
  return lines.map((line) => `  ${line}`);
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
