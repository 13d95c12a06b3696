// OpenTelemetry's SDK with everything in memory. It is global in a process, as in an application.

import { context, metrics, propagation, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { W3CTraceContextPropagator } from '@opentelemetry/core';
import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics';
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  type ReadableSpan,
  SimpleSpanProcessor,
} from '@opentelemetry/sdk-trace-base';
import { onTestFinished } from 'vitest';

/** What was measured, by the instrument's name: each value with its attributes. */
export type Measured = Record<string, { readonly value: unknown; readonly attributes: unknown }[]>;

/** The SDK, for one test. */
export function openTelemetryRig() {
  const spans = new InMemorySpanExporter();
  trace.setGlobalTracerProvider(new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(spans)] }));
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  propagation.setGlobalPropagator(new W3CTraceContextPropagator());
  const exporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
  // It is collected when the test says so.
  const reader = new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 3_600_000 });
  const meters = new MeterProvider({ readers: [reader] });
  metrics.setGlobalMeterProvider(meters);
  onTestFinished(async () => {
    for (const api of [trace, context, propagation, metrics]) api.disable();
    await meters.shutdown();
  });
  return {
    tracer: trace.getTracer('test'),
    spans: (): ReadableSpan[] => spans.getFinishedSpans(),
    collect: async (): Promise<Measured> => {
      exporter.reset();
      await meters.forceFlush();
      const measured: Measured = {};
      for (const { scopeMetrics } of exporter.getMetrics()) {
        for (const { metrics: ofScope } of scopeMetrics) {
          for (const { descriptor, dataPoints } of ofScope) {
            measured[descriptor.name] = dataPoints.map(({ value, attributes }) => ({ value, attributes }));
          }
        }
      }
      return measured;
    },
  };
}
