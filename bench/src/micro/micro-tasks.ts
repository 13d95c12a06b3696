// The small parts that every message passes, each alone. A task does its work many times over, so that calling it weighs
// nothing, and says how many messages that was.

import { decodeData, encodeData, systemRuntime } from '@holdfast/protocol';
import { AckRanges, encodeEntry, encodeFrame, FrameDecoder } from '@holdfast/protocol/core';
import { openReliableChannel } from '@holdfast/reliable-channel';
import { memoryStore } from '@holdfast/reliable-channel/memory';
import { createTransport } from '@holdfast/transport';
import { SendBuffer } from '@holdfast/transport/core';
import { createMemoryNetwork } from '@holdfast/transport/memory';

/** One part at work. */
export interface MicroTask {
  readonly name: string;
  /** Messages, or whatever one unit of work is, in a call of `run`. */
  readonly units: number;
  run(): unknown;
}

const UNITS = 1_000;
const BYTES = new Uint8Array(256).fill(7);
const READING = { celsius: 73.97, at: 1_700_000_000_000, machine: 'press-7', isAlarm: false };

function repeat(name: string, work: (index: number) => unknown): MicroTask {
  return {
    name,
    units: UNITS,
    run: () => {
      for (let index = 0; index < UNITS; index += 1) work(index);
    },
  };
}

/**
 * Arithmetic and memory that have nothing to do with this project: what they take on a machine is the measure for all else
 * there, so that figures of two machines can be compared at all.
 */
export function calibrationTask(): MicroTask {
  const words = new Uint32Array(4_096);
  return repeat('calibration', (index) => {
    let hash = index;
    for (let at = 0; at < 256; at += 1) {
      hash = Math.imul(hash ^ (words[(hash + at) & 4_095] as number), 0x01000193) >>> 0;
    }
    words[index & 4_095] = hash;
  });
}

/** Send buffer, codec, frames, ack ranges. */
export function pureTasks(): MicroTask[] {
  const buffer = new SendBuffer({ sendBufferBytes: 30_720, sendBufferMaxBytes: 30_720 });
  const encodedReading = encodeData(READING).slice();
  const encodedBytes = encodeData(BYTES).slice();
  const frame = encodeFrame({ type: 'message', name: 'reading', data: encodedBytes });
  const decoder = new FrameDecoder(1_048_576);
  return [
    repeat('send-buffer-through', () => {
      buffer.write(BYTES);
      buffer.release(buffer.peek(576).length);
    }),
    repeat('codec-encode-object', () => encodeData(READING)),
    repeat('codec-decode-object', () => decodeData(encodedReading)),
    repeat('codec-encode-bytes', () => encodeData(BYTES)),
    repeat('codec-decode-bytes', () => decodeData(encodedBytes)),
    repeat('entry-encode', () => encodeEntry('reading', encodedBytes)),
    repeat('frame-decode', () => {
      decoder.push(frame);
      decoder.next();
    }),
    inTask('ack-ranges-in-order', () => {
      const ranges = new AckRanges();
      for (let sequence = 1; sequence <= UNITS; sequence += 1) ranges.add(sequence);
    }),
    inTask('ack-ranges-with-gaps', () => {
      // The odd ones first, then the even ones into the gaps: 250 ranges, as many as a frame takes.
      const ranges = new AckRanges();
      for (let sequence = 1; sequence <= UNITS / 2; sequence += 2) ranges.add(sequence);
      for (let sequence = 2; sequence <= UNITS / 2; sequence += 2) ranges.add(sequence);
    }),
  ];
}

function inTask(name: string, run: () => unknown): MicroTask {
  return { name, units: UNITS, run };
}

/** The outbox: messages are taken, gathered, and stored in memory. Nobody is there to send them to. */
export async function outboxTask(): Promise<{ readonly task: MicroTask; close(): Promise<void> }> {
  const network = createMemoryNetwork({ runtime: systemRuntime() });
  network.setBlackHole(true);
  const transport = createTransport({ deviceId: 'bench', link: network.link() });
  const channel = await openReliableChannel({
    ...{ transport, store: memoryStore() },
    ...{ outboxMaxMessages: 100_000_000, outboxMaxBytes: 2 ** 40 },
  });
  const run = async (): Promise<void> => {
    let last = channel.send('reading', BYTES);
    for (let sent = 1; sent < UNITS; sent += 1) last = channel.send('reading', BYTES);
    await last.stored;
  };
  return {
    task: { name: 'outbox-store', units: UNITS, run },
    close: async () => {
      await channel.close();
      transport.powerOff();
    },
  };
}
