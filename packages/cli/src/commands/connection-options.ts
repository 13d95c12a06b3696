// The options of every command that is a device: where the agent is, who this device is, and how it is protected.

import { hostname } from 'node:os';
import type { TransportOptions } from '@holdfast/transport';
import { isLoopbackHost, type TcpTlsOptions, tcp } from '@holdfast/transport/tcp';
import { type Command, Option } from 'commander';
import { UsageError } from '../command-error.js';
import { fileOf, portOf, tokenOf } from '../option-values.js';

/** The options as commander hands them over. */
export interface ConnectionOptions {
  readonly host: string;
  readonly port: number;
  readonly device: string;
  readonly token?: string;
  readonly tls?: true;
  readonly tlsCa?: string;
  readonly tlsCert?: string;
  readonly tlsKey?: string;
  readonly tlsServername?: string;
  readonly plaintext?: true;
}

/** Adds the options that say where the agent is, and who this device is. */
export function addAddressOptions(command: Command): Command {
  return command
    .option('--host <host>', 'where the agent listens', '127.0.0.1')
    .addOption(new Option('--port <port>', 'its port').argParser(portOf).default(7_400))
    .option('--device <id>', "this device's id, its own and no other's", hostname());
}

/** Adds the options that say how the connection is protected. */
export function addSecurityOptions(command: Command): Command {
  return command
    .option('--token <token>', 'the secret; better in HOLDFAST_TOKEN: other users see command lines')
    .option('--tls', "use TLS, trusting the system's CAs")
    .option('--tls-ca <file>', 'use TLS, trusting this CA (PEM)')
    .option('--tls-cert <file>', 'use TLS, with this certificate (PEM)')
    .option('--tls-key <file>', 'its key (PEM)')
    .option('--tls-servername <name>', "use TLS; the name on the agent's certificate, when it is not the host")
    .option('--plaintext', 'allow a host that is not this machine without TLS');
}

/** A sender of much need not live with an imp's 3456 bytes. */
const SEND_BUFFER_BYTES = 65_536;

/** What a transport needs. @throws UsageError for options that do not go together */
export function transportOf(options: ConnectionOptions): TransportOptions {
  const { host, port } = options;
  if (port === 0) throw new UsageError('--port must be that of the agent, from 1 to 65535');
  const token = tokenOf(options.token);
  const tls = tlsOf(options);
  if (tls !== undefined && options.plaintext) throw new UsageError('--plaintext does not go together with TLS');
  if (tls === undefined && !options.plaintext && !isLoopbackHost(host)) {
    throw new UsageError(`${host} is not this machine: use --tls, or --plaintext where nobody can listen in between`);
  }
  const link = checkUsage(() =>
    tcp({ host, port, ...(tls !== undefined && { tls }), ...(options.plaintext && { plaintext: true }) }),
  );
  return { deviceId: options.device, link, sendBufferBytes: SEND_BUFFER_BYTES, ...(token !== undefined && { token }) };
}

function tlsOf(options: ConnectionOptions): true | TcpTlsOptions | undefined {
  const { tlsCa, tlsCert, tlsKey, tlsServername } = options;
  if ((tlsCert === undefined) !== (tlsKey === undefined))
    throw new UsageError('--tls-cert and --tls-key belong together');
  const tls: TcpTlsOptions = {
    ...(tlsCa !== undefined && { ca: fileOf('--tls-ca', tlsCa) }),
    ...(tlsCert !== undefined && { cert: fileOf('--tls-cert', tlsCert) }),
    ...(tlsKey !== undefined && { key: fileOf('--tls-key', tlsKey) }),
    ...(tlsServername !== undefined && { servername: tlsServername }),
  };
  if (Object.keys(tls).length > 0) return tls;
  return options.tls;
}

/** Runs a check of the library; what it finds wrong was wrong on the command line. @throws UsageError */
export function checkUsage<Result>(run: () => Result): Result {
  try {
    return run();
  } catch (cause) {
    throw new UsageError(cause instanceof Error ? cause.message : String(cause), { cause });
  }
}
