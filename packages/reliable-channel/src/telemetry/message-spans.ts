// The spans of messages, by OpenTelemetry's conventions for messaging: `send <name>` around the call that takes the message,
// and `process <name>` around the handler. The first one's context travels in the headers of the message, so it is still
// there when the message is handled after a restart of both ends. It does not last until the message has been handled:
// that may be days, and a span that a crash takes away is no use; metrics tell of outcomes.

import {
  type Attributes,
  type Context,
  context,
  isSpanContextValid,
  propagation,
  ROOT_CONTEXT,
  type Span,
  SpanKind,
  SpanStatusCode,
  type Tracer,
  trace,
} from '@opentelemetry/api';
import type { Delivery } from '../delivery.js';
import type { HandlingEnd, HandlingMessage, SendingMessage } from '../telemetry.js';

/** What spans are made with. */
export interface MessageSpansParts {
  readonly tracer: Tracer;
  readonly attributes: Attributes;
  readonly continueTrace: boolean;
}

/** Makes the spans of messages. */
export class MessageSpans {
  readonly #parts: MessageSpansParts;

  constructor(parts: MessageSpansParts) {
    this.#parts = parts;
  }

  /** See `MessageTelemetry.sending`. */
  sending<Sent extends Delivery>(
    { name, lane, bytes }: SendingMessage,
    send: (headers: Record<string, string>) => Sent,
  ): Sent {
    const attributes = { ...this.#attributes('send', name, lane), 'messaging.message.body.size': bytes };
    const span = this.#parts.tracer.startSpan(`send ${name}`, { kind: SpanKind.PRODUCER, attributes });
    const headers: Record<string, string> = {};
    propagation.inject(trace.setSpan(context.active(), span), headers);
    try {
      const delivery = send(headers);
      const { id, outcome } = delivery;
      if (id !== undefined) span.setAttribute('messaging.message.id', id);
      // Refused at once: there was no room for it, or it could not go out.
      if (outcome?.status === 'evicted') setError(span, outcome.cause);
      return delivery;
    } catch (error) {
      recordError(span, error);
      throw error;
    } finally {
      span.end();
    }
  }

  /** See `MessageTelemetry.handling`. */
  handling<End extends HandlingEnd>(message: HandlingMessage, run: () => End | Promise<End>): End | Promise<End> {
    // Not from whatever is active: a socket's callbacks run in the context of whoever opened it.
    const sent = propagation.extract(ROOT_CONTEXT, message.headers);
    const span = this.#startHandling(message, sent);
    const ended = (end: End): End => {
      endHandling(span, end);
      return end;
    };
    const result = context.with(trace.setSpan(sent, span), run);
    // A handler's errors are in its end; a promise that rejects is a fault that has to end the span all the same.
    if (!(result instanceof Promise)) return ended(result);
    return result.then(ended, (error: unknown) => {
      recordError(span, error);
      span.end();
      throw error;
    });
  }

  #startHandling({ name, lane, id, attempt, device }: HandlingMessage, sent: Context): Span {
    const { tracer, continueTrace } = this.#parts;
    const sentBy = trace.getSpanContext(sent);
    const isTraced = sentBy !== undefined && isSpanContextValid(sentBy);
    const attributes: Attributes = { ...this.#attributes('process', name, lane), 'holdfast.attempt': attempt };
    if (id !== undefined) attributes['messaging.message.id'] = id;
    if (device !== undefined) attributes['holdfast.device'] = device;
    const links = isTraced ? [{ context: sentBy }] : [];
    const root = !(continueTrace && isTraced);
    return tracer.startSpan(`process ${name}`, { kind: SpanKind.CONSUMER, attributes, links, root }, sent);
  }

  #attributes(operation: 'send' | 'process', name: string, lane: string): Attributes {
    return {
      ...this.#parts.attributes,
      'messaging.system': 'holdfast',
      'messaging.operation.type': operation,
      'messaging.operation.name': operation,
      'messaging.destination.name': name,
      ...(lane !== '' && { 'holdfast.lane': lane }),
    };
  }
}

/** Says how a handler ended. The reason of a refusal is left out: it may quote data. */
function endHandling(span: Span, end: HandlingEnd): void {
  const status = end?.status ?? 'handled';
  span.setAttribute('holdfast.outcome', status);
  if (status === 'failed') recordError(span, end?.error);
  else if (status === 'rejected') setError(span, 'rejected');
  span.end();
}

function recordError(span: Span, error: unknown): void {
  const exception = error instanceof Error ? error : String(error);
  span.recordException(exception);
  setError(span, error instanceof Error ? error.name : 'thrown');
}

function setError(span: Span, type: string): void {
  span.setAttribute('error.type', type);
  span.setStatus({ code: SpanStatusCode.ERROR });
}
