import { encodeData } from '@holdfast/protocol';
import { decodeEntries } from '@holdfast/protocol/core';
import { describe, expect, it } from 'vitest';
import { Delivery } from '../src/delivery.js';
import { MessageEncoder } from '../src/message-encoder.js';
import type { SendOptions } from '../src/send-options.js';
import type { MessageTelemetry } from '../src/telemetry.js';

const SOURCE = { lane: '', stored: async () => {}, settled: async () => ({ status: 'kept' }) as const };
const DELIVERY = new Delivery({ ...SOURCE, outcome: () => undefined, cancel: () => false }, 'e', 1);

/** What is accepted, and what its entry says at that moment. */
function encode(encoder: MessageEncoder, name: string, data: unknown, options?: SendOptions) {
  const accepted: unknown[] = [];
  const delivery = encoder.encode(name, data, options, ({ entry, ...rest }) => {
    const [decoded] = decodeEntries(entry, 1);
    accepted.push({ ...rest, name: decoded?.name, headers: decoded?.headers, data: [...(decoded?.data ?? [])] });
    return DELIVERY;
  });
  expect(delivery).toBe(DELIVERY);
  return accepted;
}

describe('the encoder of messages', () => {
  it('hands over what was asked for, and every message in bytes', () => {
    const encoder = new MessageEncoder(undefined);
    const headers = { place: 'Halle' };
    expect(encode(encoder, 'n', 1, { lane: 'alarms', importance: 'high', ttlMs: 5, headers })).toEqual([
      { lane: 'alarms', importance: 'high', traits: { ttlMs: 5 }, name: 'n', headers, data: [1] },
    ]);
    expect(encode(encoder, 'other', null)).toMatchObject([
      { lane: '', importance: 'critical', name: 'other', data: [0xc0] },
    ]);
  });

  it('lets tracing add headers, and tells it what is sent', () => {
    const seen: unknown[] = [];
    const telemetry: MessageTelemetry = {
      sending(message, send) {
        seen.push(message, this === telemetry);
        return send({ traceparent: 't' });
      },
    };
    const messages = encode(new MessageEncoder(telemetry), 'n', 'ab', { lane: 'l', headers: { mine: 'm' } });
    expect(messages).toMatchObject([{ headers: { mine: 'm', traceparent: 't' } }]);
    expect(seen).toEqual([{ name: 'n', lane: 'l', bytes: 3 }, true]);
  });

  it('keeps a message whole while tracing encodes something else', () => {
    const telemetry: MessageTelemetry = {
      sending(_, send) {
        encodeData('what an exporter has to say');
        return send();
      },
    };
    expect(encode(new MessageEncoder(telemetry), 'n', 'ab')).toMatchObject([{ name: 'n', data: [0xa2, 0x61, 0x62] }]);
  });

  it('takes a message whose data is encoded already, and checks it', () => {
    const encoder = new MessageEncoder(undefined);
    const lanes: string[] = [];
    const given = (data: Uint8Array): unknown =>
      encoder.encodeGiven({ name: 'n', data }, { lane: 'l' }, ({ lane, entry }) => {
        lanes.push(lane, ...decodeEntries(entry, 1).map((each) => [...each.data].join()));
        return DELIVERY;
      });
    expect(given(Uint8Array.of(0xc0))).toBe(DELIVERY);
    expect(lanes).toEqual(['l', '192']);
    expect(() => given(new Uint8Array(300_000))).toThrow(expect.objectContaining({ code: 'MESSAGE_TOO_LARGE' }));
  });

  it('refuses what can not be sent, and hands nothing over', () => {
    const encoder = new MessageEncoder(undefined);
    const refuse = (name: string, data: unknown, options?: SendOptions) => () => encode(encoder, name, data, options);
    expect(refuse('', 1)).toThrow(TypeError);
    expect(refuse('n', () => {})).toThrow(expect.objectContaining({ code: 'DATA_NOT_SERIALISABLE' }));
    expect(refuse('n', 1, { lane: 'x'.repeat(65) })).toThrow(RangeError);
  });
});
