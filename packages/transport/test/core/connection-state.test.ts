import { describe, expect, test } from 'vitest';
import { type ConnectionEvent, type ConnectionState, nextConnectionState } from '../../src/core/index.js';

const STATES: ConnectionState[] = ['idle', 'dialing', 'handshaking', 'connected', 'closing'];
const EVENTS: ConnectionEvent[] = ['connect', 'accept', 'linkOpened', 'welcome', 'close', 'lost'];

describe('nextConnectionState', () => {
  test('leads along a whole life of each end', () => {
    const walk = (...events: ConnectionEvent[]) =>
      events.reduce<ConnectionState | undefined>((state, event) => state && nextConnectionState(state, event), 'idle');
    expect(walk('connect', 'linkOpened', 'welcome', 'close', 'lost')).toBe('idle');
    expect(walk('accept', 'welcome', 'lost')).toBe('idle');
  });

  test('leads back to idle from every other state', () => {
    const lost = STATES.map((state) => nextConnectionState(state, 'lost'));
    expect(lost).toEqual([undefined, 'idle', 'idle', 'idle', 'idle']);
  });

  test('knows no other way than these', () => {
    const ways = STATES.flatMap((state) =>
      EVENTS.filter((event) => nextConnectionState(state, event) !== undefined).map((event) => `${state} ${event}`),
    );
    expect(ways).toEqual([
      'idle connect',
      'idle accept',
      'dialing linkOpened',
      'dialing lost',
      'handshaking welcome',
      'handshaking close',
      'handshaking lost',
      'connected close',
      'connected lost',
      'closing lost',
    ]);
  });
});
