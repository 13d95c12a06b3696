// Reads the files that the programs of the kill storm wrote, as facts about the numbered messages of each lane.

import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** One line of the device's notes: it knew this of the messages `first` to `last` of a lane, in its life number `life`. */
export interface StormNote {
  readonly kind: 'started' | 'stored' | 'acknowledged' | 'rejected' | 'expired' | 'evicted' | 'cancelled';
  readonly life: number;
  readonly lane: string;
  readonly first: number;
  readonly last: number;
}

/** What a handler did for good. */
export interface StormEffect {
  readonly epoch: string;
  readonly lane: string;
  readonly number: number;
  /** What the message itself says. */
  readonly deviceLife: number;
  readonly saidLane: string;
  readonly saidNumber: number;
}

/** One call of the handler. */
export interface StormCall {
  readonly agentLife: number;
  readonly lane: string;
  readonly number: number;
}

/** What the device found in its box of dead letters at the end. */
export interface StormDeadLetter {
  readonly status: string;
  readonly lane: string;
  readonly number: number;
  readonly saidNumber: number;
}

/** What the device noted, in the order in which it learned it. */
export function readNotes(folder: string): StormNote[] {
  return readLines(folder, 'notes').map(([kind, life, lane = '', first, last]) => {
    return { kind: kind as StormNote['kind'], life: Number(life), lane, first: Number(first), last: Number(last) };
  });
}

/** What the handlers did, in order. */
export function readEffects(folder: string): StormEffect[] {
  return readLines(folder, 'effects').map(([id = '', life, saidLane = '', saidNumber]) => {
    const [epoch = '', lane = '', number] = id.split('-');
    return { epoch, lane, number: Number(number), deviceLife: Number(life), saidLane, saidNumber: Number(saidNumber) };
  });
}

/** Every call of the handler, in order. */
export function readCalls(folder: string): StormCall[] {
  return readLines(folder, 'calls').map(([life, lane = '', number]) => {
    return { agentLife: Number(life), lane, number: Number(number) };
  });
}

/** The dead letters, in order. */
export function readDeadLetters(folder: string): StormDeadLetter[] {
  return readLines(folder, 'dead-letters').map(([status = '', lane = '', number, said]) => {
    return { status, lane, number: Number(number), saidNumber: Number(said) };
  });
}

/** The highest message of each lane that the device knew to be over, or 0. */
export function endedUpTo(folder: string, lanes: readonly string[]): Record<string, number> {
  const highest = Object.fromEntries(lanes.map((lane) => [lane, 0]));
  for (const { kind, lane, last } of readNotes(folder)) {
    if (kind !== 'started' && kind !== 'stored') highest[lane] = Math.max(highest[lane] ?? 0, last);
  }
  return highest;
}

function readLines(folder: string, name: string): string[][] {
  const file = join(folder, name);
  if (!existsSync(file)) return [];
  const text = readFileSync(file, 'utf8');
  if (text !== '' && !text.endsWith('\n')) throw new Error(`${name} ends inside a line`);
  return text
    .split('\n')
    .slice(0, -1)
    .map((line) => line.split(' '));
}
