import { SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import { expect, it } from 'vitest';
import { type Delivery, evictedDelivery } from '../../src/delivery.js';
import { HoldfastError } from '../../src/index.js';
import { messageSpans } from '../../src/telemetry/opentelemetry.js';
import type { HandlingMessage } from '../../src/telemetry.js';
import { openTelemetryRig } from './open-telemetry-rig.js';

const SENT = { id: 'e--1', outcome: undefined } as Delivery;
const MESSAGE: HandlingMessage = { name: 'reading', lane: '', id: 'e--1', headers: {}, attempt: 2, device: 'press-7' };
const PARENT = { traceId: '0af7651916cd43dd8448eb211c80319c', spanId: 'b7ad6b7169203331' };
const TRACED = { ...MESSAGE, headers: { traceparent: `00-${PARENT.traceId}-${PARENT.spanId}-01` } };

it('puts the context of a producer span into the headers', () => {
  const rig = openTelemetryRig();
  let headers: unknown;
  rig.tracer.startActiveSpan('work', (work) => {
    messageSpans({ attributes: { site: 1 } }).sending({ name: 'reading', lane: 'l', bytes: 5 }, (further) => {
      headers = further;
      return SENT;
    });
    work.end();
  });
  const [send, work] = rig.spans();
  expect(send).toMatchObject({ name: 'send reading', kind: SpanKind.PRODUCER, status: { code: SpanStatusCode.UNSET } });
  expect(send?.attributes).toEqual({
    site: 1,
    'messaging.system': 'holdfast',
    'messaging.operation.type': 'send',
    'messaging.operation.name': 'send',
    'messaging.destination.name': 'reading',
    'messaging.message.body.size': 5,
    'messaging.message.id': 'e--1',
    'holdfast.lane': 'l',
  });
  expect(send?.parentSpanContext?.spanId).toBe(work?.spanContext().spanId);
  const { traceId, spanId } = send?.spanContext() ?? { traceId: '', spanId: '' };
  expect(headers).toEqual({ traceparent: `00-${traceId}-${spanId}-01` });
});

it('says when a message was refused at once, and when sending threw', () => {
  const rig = openTelemetryRig();
  const { sending } = messageSpans();
  const full = new HoldfastError('OUTBOX_FULL', 'full');
  const message = { name: 'n', lane: '', bytes: 1 };
  sending(message, () => evictedDelivery(full, 'outboxFull', ''));
  expect(() =>
    sending(message, () => {
      throw full;
    }),
  ).toThrow(full);
  const [refused, thrown] = rig.spans();
  expect(refused).toMatchObject({ status: { code: SpanStatusCode.ERROR }, attributes: { 'error.type': 'outboxFull' } });
  expect(refused?.attributes).not.toHaveProperty('messaging.message.id');
  expect(thrown).toMatchObject({ status: { code: SpanStatusCode.ERROR }, events: [{ name: 'exception' }] });
});

it('runs a handler in a consumer span of a trace of its own that links to the sender', () => {
  const rig = openTelemetryRig();
  let active: string | undefined;
  // The context that a socket happens to run in is none of the message's business.
  rig.tracer.startActiveSpan('listen', (listen) => {
    const result = messageSpans().handling(TRACED, () => {
      active = trace.getActiveSpan()?.spanContext().spanId;
      return undefined;
    });
    expect(result).toBeUndefined();
    listen.end();
  });
  const [span] = rig.spans();
  expect(span).toMatchObject({ name: 'process reading', kind: SpanKind.CONSUMER, parentSpanContext: undefined });
  expect(span?.spanContext().spanId).toBe(active);
  expect(span?.spanContext().traceId).not.toBe(PARENT.traceId);
  expect(span?.links.map((link) => link.context)).toMatchObject([PARENT]);
  expect(span?.attributes).toEqual({
    'messaging.system': 'holdfast',
    'messaging.operation.type': 'process',
    'messaging.operation.name': 'process',
    'messaging.destination.name': 'reading',
    'messaging.message.id': 'e--1',
    'holdfast.attempt': 2,
    'holdfast.device': 'press-7',
    'holdfast.outcome': 'handled',
  });
});

it("makes it a child of the sender's when the trace is to go on, and a root without one", () => {
  const rig = openTelemetryRig();
  const { handling } = messageSpans({ continueTrace: true });
  handling(TRACED, () => undefined);
  handling({ ...MESSAGE, headers: { traceparent: 'nonsense' } }, () => undefined);
  const [child, root] = rig.spans();
  expect(child?.spanContext().traceId).toBe(PARENT.traceId);
  expect(child?.parentSpanContext?.spanId).toBe(PARENT.spanId);
  expect(root).toMatchObject({ parentSpanContext: undefined, links: [] });
});

it.each([
  ['replied', SpanStatusCode.UNSET, undefined],
  ['again', SpanStatusCode.UNSET, undefined],
  ['rejected', SpanStatusCode.ERROR, 'rejected'],
  ['failed', SpanStatusCode.ERROR, 'TypeError'],
])('ends with the promise of a handler that %s', async (status, code, type) => {
  const rig = openTelemetryRig();
  const end = { status, reason: 'hunter2', ...(status === 'failed' && { error: new TypeError('odd') }) };
  const handled = messageSpans().handling(MESSAGE, async () => {
    await Promise.resolve();
    expect(rig.spans()).toEqual([]);
    expect(trace.getActiveSpan()).toBeDefined();
    return end;
  });
  expect(await handled).toBe(end);
  const [span] = rig.spans();
  expect(span?.status.code).toBe(code);
  expect(span?.attributes['error.type']).toBe(type);
  expect(span?.attributes['holdfast.outcome']).toBe(status);
  expect(span?.events.map(({ name }) => name)).toEqual(status === 'failed' ? ['exception'] : []);
  expect(JSON.stringify([span?.attributes, span?.events, span?.status])).not.toContain('hunter2');
});
