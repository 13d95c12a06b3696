import { REFUSE_CODE } from '@holdfast/protocol';
import { describe, expect, test } from 'vitest';
import { CONNECT_REASON, connectReasonOf, type DisconnectCause } from '../../src/core/index.js';

describe('connectReasonOf', () => {
  const reasonOf = (kind: DisconnectCause['kind'], code?: number) =>
    connectReasonOf({ kind, detail: '', ...(code !== undefined && { code }) });

  test('says that the attempt was given up when the program did that', () => {
    expect(reasonOf('asked')).toBe(CONNECT_REASON.notConnected);
  });

  test.each(['linkLost', 'handshakeTimeout', 'protocolError', 'closedByPeer'] as const)(
    'finds no server in %s',
    (kind) => {
      expect(reasonOf(kind)).toBe(CONNECT_REASON.noServer);
    },
  );

  test('blames the device when the server does not want it', () => {
    expect(reasonOf('refused', REFUSE_CODE.unauthorised)).toBe(CONNECT_REASON.notAuthorised);
    expect(reasonOf('refused', REFUSE_CODE.versionUnsupported)).toBe(CONNECT_REASON.notAuthorised);
  });

  test('does not blame the device when the server has no time', () => {
    expect(reasonOf('refused', REFUSE_CODE.overloaded)).toBe(CONNECT_REASON.noServer);
    expect(reasonOf('refused', REFUSE_CODE.shuttingDown)).toBe(CONNECT_REASON.noServer);
  });
});
