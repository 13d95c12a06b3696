import { describe, expect, test } from 'vitest';
import { CONNECT_REASON, DISCONNECTED, NOT_CONNECTED, SEND_OK, TIMEOUT, WOULDBLOCK } from '../../src/core/index.js';

describe('the values that programs meet', () => {
  test('S10 are the send codes of impOS', () => {
    expect([SEND_OK, NOT_CONNECTED, TIMEOUT, DISCONNECTED, WOULDBLOCK]).toEqual([0, 1, 2, 3, 4]);
  });

  test('S30 are the connect reasons of impOS', () => {
    expect(CONNECT_REASON).toEqual({
      notConnected: 0,
      noLink: 1,
      noIpAddress: 2,
      notResolved: 3,
      noServer: 4,
      connected: 5,
      noProxy: 6,
      notAuthorised: 7,
      noModem: 8,
      simError: 9,
      noRegistration: 10,
      registrationDenied: 11,
      noPppConnection: 12,
    });
  });
});
