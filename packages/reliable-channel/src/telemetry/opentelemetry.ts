// Tells OpenTelemetry of a channel: spans for messages, with the context of the trace in their headers, and metrics.
// Nothing is sent anywhere by this: that is up to the SDK that the application has set up.

import { type Attributes, type Meter, metrics, type Tracer, trace } from '@opentelemetry/api';
import type { ChannelStats } from '../channel-events.js';
import type { MessageTelemetry, Telemetry } from '../telemetry.js';
import { measureChannel } from './channel-metrics.js';
import { MessageSpans } from './message-spans.js';

/** The options of `openTelemetry`. */
export interface OpenTelemetryOptions {
  /** @default the tracer `@holdfast/reliable-channel` of the global provider */
  readonly tracer?: Tracer;
  /** @default the meter of that name of the global provider */
  readonly meter?: Meter;
  /**
   * On every span and every measurement. Several channels of one process need something that tells them apart, such as
   * `{ 'holdfast.device': 'press-7' }`, or their metrics overwrite each other.
   */
  readonly attributes?: Attributes;
  /**
   * Whether the span of a handler belongs to the sender's trace, as a child of the sending span. Otherwise it begins a trace
   * of its own and links to that, as OpenTelemetry recommends for messages: they may be handled days later. @default false
   */
  readonly continueTrace?: boolean;
}

const SCOPE = '@holdfast/reliable-channel';

/** The option `telemetry` of a channel. */
export function openTelemetry(options: OpenTelemetryOptions = {}): Telemetry<ChannelStats> {
  const { attributes = {} } = options;
  return {
    ...messageSpans(options),
    measuring: (stats) => measureChannel(options.meter ?? metrics.getMeter(SCOPE), attributes, stats),
  };
}

/** The spans alone, for other telemetry to be made of. */
export function messageSpans({
  tracer,
  attributes = {},
  continueTrace = false,
}: OpenTelemetryOptions = {}): Required<MessageTelemetry> {
  const spans = new MessageSpans({ tracer: tracer ?? trace.getTracer(SCOPE), attributes, continueTrace });
  return {
    sending: (message, send) => spans.sending(message, send),
    handling: (message, run) => spans.handling(message, run),
  };
}
