// What one end of a simulated connection needs around it: a way to send, a program, and a record.

import type { PipeEvents } from '@holdfast/transport';
import type { Segment } from './segment.js';

/** What a segment says, without its connection and direction. */
export type SegmentContent = Omit<Segment, 'connection' | 'direction'>;

/** What an end says for the record. */
export type PipeRecord = 'opened' | 'closed' | 'reset' | 'delivered' | 'retransmitted';

/** What is around one end. */
export interface PipeSurroundings {
  /** Puts a segment on its way. */
  transmit(content: SegmentContent): Segment;
  /** Takes back whatever has not left the sender. */
  forgetUnsent(): void;
  /** Whether a program takes new connections here. Asked when an opening comes. */
  accepts(): boolean;
  /** The connection is open. Returns what the program wants to be told. */
  opened(): PipeEvents;
  /** It could not be opened. */
  refused(detail: string): void;
  /** This end is closed, for whatever reason; nothing comes after it. */
  gone(): void;
  record(what: PipeRecord, bytes: number, offset: number, detail?: string): void;
}
