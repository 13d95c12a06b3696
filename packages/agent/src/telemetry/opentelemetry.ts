// Tells OpenTelemetry of an agent: spans for the messages that it handles and those that it sends, and metrics.

import type { Telemetry } from '@holdfast/reliable-channel';
import { messageSpans, type OpenTelemetryOptions } from '@holdfast/reliable-channel/opentelemetry';
import { type Attributes, metrics, trace } from '@opentelemetry/api';
import type { AgentStats } from '../events.js';
import { measureAgent } from './agent-metrics.js';

export type { OpenTelemetryOptions } from '@holdfast/reliable-channel/opentelemetry';

const SCOPE = '@holdfast/agent';
const NO_ATTRIBUTES: Attributes = {};

/** The option `telemetry` of an agent. Tracer and meter are those named `@holdfast/agent` unless they are given. */
export function openTelemetry(options: OpenTelemetryOptions = {}): Telemetry<AgentStats> {
  const { tracer = trace.getTracer(SCOPE), meter, attributes = NO_ATTRIBUTES } = options;
  return {
    ...messageSpans({ ...options, tracer }),
    measuring: (stats) => measureAgent(meter ?? metrics.getMeter(SCOPE), attributes, stats),
  };
}
