// Listens in at the two ends of a connection, where transport and server meet the network: which frames pass, and when the
// network takes bytes. It changes nothing.

import { FRAME_MAX_BYTES, type Frame, FrameDecoder, ProtocolError } from '@holdfast/protocol/core';
import type { Link, Pipe, PipeEvents } from '@holdfast/transport';
import type { AcceptPipe, MemoryNetwork } from '@holdfast/transport/memory';

/** What is told of one end. */
export interface FrameTap {
  /** A frame has come whole; the end itself does not know yet. */
  readonly came: (frame: Frame) => void;
  /** The last byte of a frame is handed to the network. */
  readonly left?: (frame: Frame) => void;
  /** A packet is handed to the network. */
  readonly handedOver?: () => void;
  /** The network has taken it. */
  readonly taken?: (bytes: number) => void;
}

/** The same link, listened in on. */
export function tapLink(link: Link, tap: FrameTap): Link {
  return {
    name: link.name,
    writeMaxBytes: link.writeMaxBytes,
    dial: async (events, signal) => tapPipe(await link.dial(tapEvents(events, tap), signal), tap),
  };
}

/** The same network, listened in on at its server. */
export function tapServer(
  network: Pick<MemoryNetwork, 'writeMaxBytes' | 'listen'>,
  tap: FrameTap,
): Pick<MemoryNetwork, 'writeMaxBytes' | 'listen'> {
  return {
    writeMaxBytes: network.writeMaxBytes,
    listen: (accept: AcceptPipe) => network.listen((pipe) => tapEvents(accept(tapPipe(pipe, tap)), tap)),
  };
}

function tapPipe(pipe: Pipe, tap: FrameTap): Pipe {
  const read = frameReader((frame) => tap.left?.(frame));
  return {
    peer: pipe.peer,
    write: (bytes, onTaken) => {
      // The writer may use its array again; the reader holds on to a frame that is not whole.
      read(bytes.slice());
      tap.handedOver?.();
      const { length } = bytes;
      pipe.write(bytes, () => {
        onTaken();
        tap.taken?.(length);
      });
    },
    end: () => pipe.end(),
    destroy: () => pipe.destroy(),
  };
}

function tapEvents(events: PipeEvents, tap: FrameTap): PipeEvents {
  const read = frameReader((frame) => tap.came(frame));
  return {
    received: (bytes) => {
      read(bytes.slice());
      events.received(bytes);
    },
    closed: (detail) => events.closed(detail),
  };
}

/** Takes a stream in pieces and tells of every whole frame. What is no frame any more is left to the ends to judge. */
function frameReader(onFrame: (frame: Frame) => void): (bytes: Uint8Array) => void {
  const decoder = new FrameDecoder(FRAME_MAX_BYTES);
  return (bytes) => {
    decoder.push(bytes);
    for (let frame = decoder.next(); frame !== undefined; frame = decoder.next()) {
      if (frame instanceof ProtocolError) return;
      onFrame(frame);
    }
  };
}
