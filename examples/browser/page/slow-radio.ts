// A link behind a radio that takes so many bytes a second, as the modem of a real device does. A browser on a desk takes
// whatever it gets, and the send buffer would always be empty.

import type { Link, Pipe, PipeEvents } from '@holdfast/transport';

/** How fast the radio takes bytes; 0: at once. It may change at any time, and counts from the next write on. */
export interface RadioSpeed {
  bytesPerSecond: number;
}

/** Puts a radio of that speed before a link. */
export function slowRadio(link: Link, speed: RadioSpeed): Link {
  return {
    name: `${link.name} behind a radio`,
    writeMaxBytes: link.writeMaxBytes,
    dial: async (events, signal) => {
      let isClosed = false;
      let radio: RadioPipe | undefined;
      const told: PipeEvents = {
        received: (bytes) => events.received(bytes),
        closed: (detail) => {
          isClosed = true;
          radio?.stop();
          events.closed(detail);
        },
      };
      radio = new RadioPipe(await link.dial(told, signal), speed);
      if (isClosed) radio.stop();
      return radio;
    },
  };
}

/** A pipe whose writes begin when the radio has had the time for their bytes. */
class RadioPipe implements Pipe {
  readonly peer: string;
  readonly #pipe: Pipe;
  readonly #speed: RadioSpeed;
  /** The write that the radio is at. */
  #timer: ReturnType<typeof setTimeout> | undefined;
  #isEnding = false;

  constructor(pipe: Pipe, speed: RadioSpeed) {
    this.peer = pipe.peer;
    this.#pipe = pipe;
    this.#speed = speed;
  }

  write(bytes: Uint8Array, onTaken: () => void): void {
    const { bytesPerSecond } = this.#speed;
    const waitMs = bytesPerSecond <= 0 ? 0 : (bytes.length / bytesPerSecond) * 1_000;
    if (waitMs === 0) {
      this.#pipe.write(bytes, onTaken);
      return;
    }
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.#pipe.write(bytes, onTaken);
      if (this.#isEnding) this.#pipe.end();
    }, waitMs);
  }

  end(): void {
    this.#isEnding = true;
    if (this.#timer === undefined) this.#pipe.end();
  }

  destroy(): void {
    this.stop();
    this.#pipe.destroy();
  }

  /** There is nothing to write to any more. */
  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }
}
