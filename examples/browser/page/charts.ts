// The four pictures, and what they are fed with.

import type { ReliableChannel } from '@holdfast/reliable-channel';
import type { Transport } from '@holdfast/transport';
import { ChartView } from './chart-view.js';
import { count, messages } from './dom.js';

const bytes = (value: number): string => `${count(Math.round(value))} ${Math.round(value) === 1 ? 'byte' : 'bytes'}`;
const milliseconds = (value: number): string => `${count(Math.round(value))} ms`;
const NONE = 'not measured yet';

/** The pictures of a channel. */
export class Charts {
  readonly #charts;
  /** The most that the send buffer held since the last look: it fills and empties faster than anyone looks. */
  #bufferPeakBytes = 0;

  constructor(parent: Element, bufferBytes: number) {
    this.#charts = {
      buffer: new ChartView({
        title: 'Send buffer',
        className: 'buffer',
        limit: bufferBytes,
        leastMax: bufferBytes,
        format: bytes,
        nothing: NONE,
      }),
      outbox: new ChartView({ title: 'Outbox', className: 'outbox', leastMax: 10, format: messages, nothing: NONE }),
      window: new ChartView({ title: 'In flight', className: 'window', leastMax: 10, format: messages, nothing: NONE }),
      roundTrip: new ChartView({
        title: 'Round trip to the agent ack',
        className: 'round-trip',
        leastMax: 500,
        format: milliseconds,
        nothing: NONE,
      }),
    };
    parent.append(...Object.values(this.#charts).map(({ element }) => element));
  }

  /** Looks at the send buffer between two samples. */
  look({ sendBuffer }: Transport): void {
    this.#bufferPeakBytes = Math.max(this.#bufferPeakBytes, sendBuffer.usedBytes);
  }

  /** Takes the values of now. */
  sample(transport: Transport, channel: ReliableChannel): void {
    this.look(transport);
    const { outboxMessages, inFlightMessages, roundTripMs } = channel.stats();
    this.#charts.buffer.push(this.#bufferPeakBytes);
    this.#charts.outbox.push(outboxMessages);
    this.#charts.window.push(inFlightMessages);
    this.#charts.roundTrip.push(roundTripMs);
    this.#bufferPeakBytes = transport.sendBuffer.usedBytes;
  }
}
