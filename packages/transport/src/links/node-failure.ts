// Why Node could not open a connection, as a reason of ours and a line for people. TCP, TLS and WebSocket links share it.

import { CONNECT_REASON, type ConnectReason } from '../core/index.js';
import { LinkError } from '../link.js';

const UNTRUSTED = 'no CA that this device trusts has signed the certificate of the server; give its CA as tls.ca';

/** How Node's error codes read as reasons, and what to do about them. */
const REASONS: Readonly<Record<string, readonly [ConnectReason, string]>> = {
  ENOTFOUND: [CONNECT_REASON.notResolved, 'the name does not resolve; check the host name and the DNS'],
  EAI_AGAIN: [CONNECT_REASON.notResolved, 'the name does not resolve now; check the network and the DNS'],
  ECONNREFUSED: [CONNECT_REASON.noServer, 'nothing listens there; check that the agent runs and the port is right'],
  ECONNRESET: [CONNECT_REASON.noServer, 'the connection was reset while it was opened'],
  ETIMEDOUT: [CONNECT_REASON.noServer, 'nobody answered in time'],
  ENETUNREACH: [CONNECT_REASON.noLink, 'there is no network'],
  EHOSTUNREACH: [CONNECT_REASON.noLink, 'there is no way to the host'],
  EADDRNOTAVAIL: [CONNECT_REASON.noIpAddress, 'this machine has no address to dial from'],
  SELF_SIGNED_CERT_IN_CHAIN: [CONNECT_REASON.noServer, UNTRUSTED],
  DEPTH_ZERO_SELF_SIGNED_CERT: [CONNECT_REASON.noServer, UNTRUSTED],
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: [CONNECT_REASON.noServer, UNTRUSTED],
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: [CONNECT_REASON.noServer, UNTRUSTED],
  CERT_HAS_EXPIRED: [CONNECT_REASON.noServer, 'the certificate of the server has expired; or check the clock here'],
  CERT_NOT_YET_VALID: [CONNECT_REASON.noServer, 'the certificate of the server is not valid yet; check the clock here'],
  ERR_TLS_CERT_ALTNAME_INVALID: [
    CONNECT_REASON.noServer,
    'the certificate of the server is for another name; dial that name or give it as tls.servername',
  ],
  ERR_SSL_WRONG_VERSION_NUMBER: [CONNECT_REASON.noServer, 'the server does not speak TLS there'],
};

/** @param where - what was dialed, for people */
export function nodeFailure(error: NodeJS.ErrnoException, where: string): LinkError {
  const [reason, advice] = REASONS[error.code ?? ''] ?? [CONNECT_REASON.noServer, oneLine(error)];
  return new LinkError(reason, `can not connect to ${where}: ${advice}`, { cause: error });
}

/** What an error says, without the places in OpenSSL's source that a TLS error comes with. */
export function oneLine(error: Error & { readonly reason?: string }): string {
  return (error.reason ?? error.message).trim().replace(/\s*\n\s*/g, '; ');
}
