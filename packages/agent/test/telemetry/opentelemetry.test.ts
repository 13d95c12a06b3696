// Both directions through a real agent and a real channel, on a network in memory.

import { openReliableChannel } from '@holdfast/reliable-channel';
import { memoryStore } from '@holdfast/reliable-channel/memory';
import { openTelemetry as openChannelTelemetry } from '@holdfast/reliable-channel/opentelemetry';
import { context, propagation, SpanKind, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { W3CTraceContextPropagator } from '@opentelemetry/core';
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  type ReadableSpan,
  SimpleSpanProcessor,
} from '@opentelemetry/sdk-trace-base';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { reject } from '../../src/index.js';
import { openTelemetry } from '../../src/telemetry/opentelemetry.js';
import { Rig } from '../support/rig.js';

let exporter: InMemorySpanExporter;

beforeEach(() => {
  exporter = new InMemorySpanExporter();
  trace.setGlobalTracerProvider(new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] }));
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  propagation.setGlobalPropagator(new W3CTraceContextPropagator());
});

afterEach(() => {
  for (const api of [trace, context, propagation]) api.disable();
});

async function traced(continueTrace: boolean) {
  const options = { continueTrace };
  const rig = await Rig.start({ telemetry: openTelemetry(options) });
  const transport = rig.transport('press-7');
  const telemetry = openChannelTelemetry(options);
  const channel = await openReliableChannel({ transport, store: memoryStore(), telemetry });
  return { rig, channel };
}

function spanOf(name: string): ReadableSpan {
  const found = exporter.getFinishedSpans().filter((span) => span.name === name);
  expect(found).toHaveLength(1);
  return found[0] as ReadableSpan;
}

it("links the agent's handler to the device's send, and the device's handler to the agent's", async () => {
  const { rig, channel } = await traced(false);
  const active: (string | undefined)[] = [];
  const note = (): void => void active.push(trace.getActiveSpan()?.spanContext().spanId);
  rig.agent.on('reading', async () => {
    note();
    // What the handler sends belongs to its trace.
    await (await rig.agent.device('press-7').send('command', null)).stored;
  });
  channel.on('command', note);
  expect(await rig.until(channel.send('reading', 1).settled)).toEqual({ status: 'acknowledged' });
  await rig.when(() => exporter.getFinishedSpans().length === 4);
  const [sendReading, processReading] = [spanOf('send reading'), spanOf('process reading')];
  const [sendCommand, processCommand] = [spanOf('send command'), spanOf('process command')];
  for (const [sent, handled] of [
    [sendReading, processReading],
    [sendCommand, processCommand],
  ] as const) {
    expect([sent.kind, handled.kind]).toEqual([SpanKind.PRODUCER, SpanKind.CONSUMER]);
    expect(handled.links.map((link) => link.context.spanId)).toEqual([sent.spanContext().spanId]);
    expect(handled.spanContext().traceId).not.toBe(sent.spanContext().traceId);
    expect(handled.attributes['messaging.message.id']).toBe(sent.attributes['messaging.message.id']);
  }
  expect(active).toEqual([processReading.spanContext().spanId, processCommand.spanContext().spanId]);
  expect(processReading.attributes['holdfast.device']).toBe('press-7');
  expect(sendCommand.parentSpanContext?.spanId).toBe(processReading.spanContext().spanId);
});

it('makes one trace of all that when it is asked to', async () => {
  const { rig, channel } = await traced(true);
  rig.agent.on('reading', () => {
    throw reject('no');
  });
  await rig.until(channel.send('reading', 1).settled);
  const [sent, handled] = [spanOf('send reading'), spanOf('process reading')];
  expect(handled.spanContext().traceId).toBe(sent.spanContext().traceId);
  expect(handled.parentSpanContext?.spanId).toBe(sent.spanContext().spanId);
  expect(handled.attributes).toMatchObject({ 'error.type': 'rejected', 'holdfast.outcome': 'rejected' });
});

it('makes a span for the handler of a plain message, and none where there is no handler', async () => {
  const { rig } = await traced(false);
  rig.agent.on('plain', () => {});
  const transport = await rig.device('press-8');
  await rig.until(transport.send('plain', 1));
  await rig.until(transport.send('nobody', 1));
  await rig.when(() => rig.agent.stats().receivedMessages === 2);
  expect(exporter.getFinishedSpans().map(({ name }) => name)).toEqual(['process plain']);
  expect(spanOf('process plain')).toMatchObject({ links: [], parentSpanContext: undefined });
});
