// Reads the files that the programs of the kill test wrote, as facts about numbered messages.

import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** One line of the device's notes: it knew this of the messages `first` to `last`, in its life number `life`. */
export interface Note {
  readonly kind: 'started' | 'stored' | 'acknowledged';
  readonly life: number;
  readonly first: number;
  readonly last: number;
}

/** What a handler did for good. */
export interface Effect {
  readonly epoch: string;
  readonly number: number;
  /** The life of the device that sent the message, as the message itself says. */
  readonly deviceLife: number;
  /** The number that the message itself says. */
  readonly said: number;
}

/** One call of the handler. */
export interface Call {
  readonly agentLife: number;
  readonly number: number;
}

/** What the device noted, in the order in which it learned it. */
export function readNotes(folder: string): Note[] {
  return readLines(folder, 'notes').map(([kind, life, first, last]) => ({
    kind: kind as Note['kind'],
    life: Number(life),
    first: Number(first),
    last: Number(last),
  }));
}

/** What the handlers did, in order. */
export function readEffects(folder: string): Effect[] {
  return readLines(folder, 'effects').map(([id = '', life, said]) => {
    return { epoch: id.split('-')[0] ?? '', number: numberIn(id), deviceLife: Number(life), said: Number(said) };
  });
}

/** Every call of the handler, in order. */
export function readCalls(folder: string): Call[] {
  return readLines(folder, 'calls').map(([life, id = '']) => ({
    agentLife: Number(life),
    number: numberIn(id),
  }));
}

/** The number behind the last dash of a message's id. */
function numberIn(id: string): number {
  return Number(id.slice(id.lastIndexOf('-') + 1));
}

/** The highest message that the device knows to be handled; 0 when there is none. */
export function acknowledgedUpTo(folder: string): number {
  return Math.max(0, ...readNotes(folder).flatMap((note) => (note.kind === 'acknowledged' ? [note.last] : [])));
}

function readLines(folder: string, name: string): string[][] {
  const file = join(folder, name);
  if (!existsSync(file)) return [];
  const text = readFileSync(file, 'utf8');
  if (text !== '' && !text.endsWith('\n')) throw new Error(`${name} ends inside a line`);
  const lines = text.split('\n').slice(0, -1);
  return lines.map((line) => line.split(' '));
}
