// Certificates for tests, made on the spot: an authority, and certificates that it signs. Nothing of them is kept.

import { generate } from 'selfsigned';

/** A certificate and its key, as PEM. */
export interface Certificate {
  readonly cert: string;
  readonly key: string;
}

const KEY = { keyType: 'ec', algorithm: 'sha256' } as const;

/** Makes an authority, which signs certificates with `certificateFor`. */
export async function createAuthority(name = 'Test authority'): Promise<Certificate> {
  return pem(
    await generate([{ name: 'commonName', value: name }], {
      ...KEY,
      extensions: [
        { name: 'basicConstraints', cA: true, critical: true },
        { name: 'keyUsage', keyCertSign: true, cRLSign: true, critical: true },
      ],
    }),
  );
}

/** What a certificate says. */
export interface CertificateOptions {
  /** The device id of a client, or the first name of a server. */
  readonly commonName: string;
  /** The names that a server may be dialed by. */
  readonly dnsNames?: readonly string[];
  /** The addresses that it may be dialed by. */
  readonly ipAddresses?: readonly string[];
  /** The first instant at which it is no longer valid. */
  readonly notAfter?: Date;
}

/** Makes a certificate for a server or a client, signed by `authority`. */
export async function certificateFor(authority: Certificate, options: CertificateOptions): Promise<Certificate> {
  const altNames = [
    ...(options.dnsNames ?? []).map((value) => ({ type: 2 as const, value })),
    ...(options.ipAddresses ?? []).map((ip) => ({ type: 7 as const, ip })),
  ];
  return pem(
    await generate([{ name: 'commonName', value: options.commonName }], {
      ...KEY,
      ca: authority,
      ...(options.notAfter !== undefined && {
        notBeforeDate: new Date(options.notAfter.getTime() - 86_400_000),
        notAfterDate: options.notAfter,
      }),
      extensions: [
        { name: 'basicConstraints', cA: false },
        { name: 'keyUsage', digitalSignature: true },
        { name: 'extKeyUsage', serverAuth: true, clientAuth: true },
        ...(altNames.length > 0 ? [{ name: 'subjectAltName' as const, altNames }] : []),
      ],
    }),
  );
}

function pem(made: { readonly cert: string; readonly private: string }): Certificate {
  return { cert: made.cert, key: made.private };
}
