// `holdfast agent`: an agent that writes down every message that comes.

import { type Authenticate, createAgent, deviceTokens, sharedToken } from '@holdfast/agent';
import { DEFAULT_PORT, type TcpListenerTlsOptions, tcpListener } from '@holdfast/agent/tcp';
import { lmdbStore } from '@holdfast/reliable-channel/lmdb';
import { isLoopbackHost } from '@holdfast/transport/tcp';
import { type Command, Option } from 'commander';
import { CommandError, UsageError } from '../command-error.js';
import { watchInterruption } from '../interruption.js';
import { fileOf, portOf, tokenOf } from '../option-values.js';
import { EventLines } from '../receiving/event-lines.js';
import { type LineOutput, messageLine, openLineOutput } from '../receiving/json-line-output.js';
import { counted } from '../terminal.js';

/** The options as commander hands them over. */
interface AgentOptions {
  readonly host: string;
  readonly port: number;
  readonly store: string;
  readonly out?: string;
  readonly token?: string;
  readonly tokens?: string;
  readonly tlsCert?: string;
  readonly tlsKey?: string;
  readonly tlsClientCa?: string;
}

const HELP = `
Each message becomes one line of JSON: {"device", "name", "id", "data"}. The line is written before the message is
acknowledged. A crash between the two can repeat a line; its id is the same then. Plain messages have the id null.
What happens is told on stderr.

A host that other machines can reach needs tokens. Give the shared one in HOLDFAST_TOKEN rather than with --token:
other users of this machine see command lines. A file for --tokens looks like this: {"press-7": "its secret"}

Ctrl-C ends it when the handlers are done; a second Ctrl-C ends it at once.`;

/** Adds the command to the program. */
export function agentCommand(program: Command): void {
  program
    .command('agent')
    .summary('take messages from devices and write them down')
    .description('Runs an agent that takes every message and writes it down as a line of JSON.')
    .option('--host <host>', 'the address to listen on', '127.0.0.1')
    .addOption(new Option('--port <port>', 'the port; 0: any free one').argParser(portOf).default(DEFAULT_PORT))
    .option('--store <folder>', 'the inbox: what has been handled already', './holdfast-inbox')
    .option('--out <file>', 'append the lines to this file (default: standard output, as -)')
    .addOption(new Option('--token <token>', 'the secret that all devices share; see below').conflicts('tokens'))
    .option('--tokens <file>', 'JSON with a secret for each device; no other device may come in')
    .option('--tls-cert <file>', "use TLS: this server's certificate (PEM)")
    .option('--tls-key <file>', 'its key (PEM)')
    .option('--tls-client-ca <file>', 'let in only devices with a certificate from this CA (PEM)')
    .addHelpText('after', HELP)
    .action(runAgent);
}

async function runAgent(options: AgentOptions): Promise<void> {
  const authenticate = authenticateOf(options);
  const tls = tlsOf(options);
  const { host, port } = options;
  if (authenticate === undefined && !isLoopbackHost(host)) {
    throw new UsageError(
      `${host} can be reached from other machines: give HOLDFAST_TOKEN or --tokens, or use 127.0.0.1`,
    );
  }
  const output = openLineOutput(options.out, process.stdout);
  try {
    const agent = createAgent({
      listeners: [tcpListener({ host, port, ...(tls !== undefined && { tls }) })],
      store: lmdbStore(options.store),
      ...(authenticate !== undefined && { authenticate }),
    });
    agent.onAny((data, message) => output.write(messageLine(data, message)));
    await serve(agent, output, { isOpen: tls === undefined && !isLoopbackHost(host) });
  } finally {
    output.close();
  }
}

/** Runs until it is asked to stop, or nobody reads what it writes. */
async function serve(
  agent: ReturnType<typeof createAgent>,
  output: LineOutput,
  { isOpen }: { isOpen: boolean },
): Promise<void> {
  const say = (line: string): void => {
    process.stderr.write(`${line}\n`);
  };
  const lines = new EventLines(say);
  const interruption = watchInterruption();
  const stopWatching = agent.observe((event) => lines.onEvent(event));
  try {
    const [open] = await agent.listen();
    say(`listening on ${open?.address}; messages go to ${output.name}`);
    if (isOpen) say('without --tls-cert, everybody between can read and change what devices send, tokens included');
    const end = await stopWish(interruption.signal);
    const waiting = agent.stats().queuedMessages;
    if (waiting > 0) say(`closing with ${counted(waiting, 'message')} in the queue; Ctrl-C again ends at once`);
    await agent.close();
    lines.close();
    const { handledMessages, droppedMessages } = agent.stats();
    const dropped = Object.values(droppedMessages).reduce((sum, count) => sum + count, 0);
    say(`closed; ${counted(handledMessages, 'message')} written, ${counted(dropped, 'plain message')} dropped`);
    if (end === 'outputGone') throw new CommandError('nobody reads the standard output any more');
  } finally {
    lines.close();
    stopWatching();
    interruption.release();
  }
}

function stopWish(interrupted: AbortSignal): Promise<'interrupted' | 'outputGone'> {
  return new Promise((resolve) => {
    const onOutputError = (): void => resolve('outputGone');
    process.stdout.once('error', onOutputError);
    const onInterrupted = (): void => {
      process.stdout.off('error', onOutputError);
      resolve('interrupted');
    };
    if (interrupted.aborted) onInterrupted();
    interrupted.addEventListener('abort', onInterrupted, { once: true });
  });
}

function authenticateOf(options: AgentOptions): Authenticate | undefined {
  if (options.tokens !== undefined) return deviceTokens(tokensOf(options.tokens));
  const token = tokenOf(options.token);
  return token === undefined ? undefined : sharedToken(token);
}

/** The tokens in a file. Its text appears in no message: it is secret. */
function tokensOf(path: string): Readonly<Record<string, string>> {
  const text = fileOf('--tokens', path).toString('utf8');
  const advice = 'it must look like {"press-7": "its secret"}';
  let tokens: unknown;
  try {
    tokens = JSON.parse(text);
  } catch {
    throw new CommandError(`the file of --tokens is not JSON; ${advice}`);
  }
  const isRecord = typeof tokens === 'object' && tokens !== null && !Array.isArray(tokens);
  const isRight =
    isRecord && Object.values(tokens as object).every((token) => typeof token === 'string' && token !== '');
  if (!isRight) throw new CommandError(`the file of --tokens has something else than tokens in it; ${advice}`);
  return tokens as Record<string, string>;
}

function tlsOf({ tlsCert, tlsKey, tlsClientCa }: AgentOptions): TcpListenerTlsOptions | undefined {
  if ((tlsCert === undefined) !== (tlsKey === undefined))
    throw new UsageError('--tls-cert and --tls-key belong together');
  if (tlsCert === undefined || tlsKey === undefined) {
    if (tlsClientCa !== undefined) throw new UsageError('--tls-client-ca needs --tls-cert and --tls-key');
    return undefined;
  }
  return {
    cert: fileOf('--tls-cert', tlsCert),
    key: fileOf('--tls-key', tlsKey),
    ...(tlsClientCa !== undefined && { clientCa: fileOf('--tls-client-ca', tlsClientCa) }),
  };
}
