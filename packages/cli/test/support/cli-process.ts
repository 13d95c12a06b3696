// Runs the built command line in processes of its own, each in a folder of its own, and waits for what they say.
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';

const BIN = fileURLToPath(new URL('../../bin/holdfast.js', import.meta.url));

/** A folder that goes away with the test. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-cli-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** What a process was when it ended. */
export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** What a sending process said, without the progress that it tells when a machine is slow. */
export function withoutProgress(stderr: string): string {
  return stderr.replace(/^sending \d.*\n/gm, '');
}

/** One running command line. */
export class CliProcess {
  readonly child: ChildProcessWithoutNullStreams;
  /** Resolves when it has ended and all it said has been read. */
  readonly ended: Promise<Ended>;
  stdout = '';
  stderr = '';

  constructor(args: readonly string[], options: { cwd: string; env?: NodeJS.ProcessEnv }) {
    // NODE_OPTIONS of the tests would make the process load the sources, which Node can not run.
    const none = { HOLDFAST_TOKEN: undefined, HOLDFAST_DEBUG: undefined, NODE_OPTIONS: undefined };
    const env = { ...process.env, ...none, NO_COLOR: '1', ...options.env };
    this.child = spawn(process.execPath, [BIN, ...args], { cwd: options.cwd, env });
    this.child.stdin.on('error', () => {});
    this.child.stdout.setEncoding('utf8').on('data', (text: string) => {
      this.stdout += text;
    });
    this.child.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.stderr += text;
    });
    this.ended = once(this.child, 'close').then(([code]) => ({ code, stdout: this.stdout, stderr: this.stderr }));
    onTestFinished(() => {
      this.child.kill('SIGKILL');
    });
  }

  /** Resolves with the match when stderr has said `pattern`; rejects when the process ends without. */
  async said(pattern: RegExp): Promise<RegExpExecArray> {
    for (;;) {
      const match = pattern.exec(this.stderr);
      if (match !== null) return match;
      const ended = await Promise.race([
        once(this.child.stderr, 'data').then(() => false),
        this.ended.then(() => true),
      ]);
      const last = pattern.exec(this.stderr);
      if (last !== null) return last;
      if (ended) throw new Error(`ended without ${pattern}: ${this.stderr}`);
    }
  }
}

/** Runs a command line to its end. */
export function runCli(
  args: readonly string[],
  options: { cwd: string; input?: string | Buffer; env?: NodeJS.ProcessEnv },
): Promise<Ended> {
  const cli = new CliProcess(args, options);
  cli.child.stdin.end(options.input ?? '');
  return cli.ended;
}

/** An agent that listens, and the messages that it has written down. */
export class AgentProcess {
  readonly cli: CliProcess;
  readonly port: number;
  readonly #out: string;

  private constructor(cli: CliProcess, port: number, out: string) {
    this.cli = cli;
    this.port = port;
    this.#out = out;
  }

  static async start(cwd: string, options: { args?: readonly string[]; port?: number; env?: NodeJS.ProcessEnv } = {}) {
    const { args = [], port = 0, env = {} } = options;
    const cli = new CliProcess(['agent', '--port', String(port), '--out', 'out.jsonl', ...args], { cwd, env });
    const [, chosen] = await cli.said(/listening on .*:(\d+);/);
    return new AgentProcess(cli, Number(chosen), join(cwd, 'out.jsonl'));
  }

  /** The messages in the file, in order. */
  messages(): { device: string; name: string; id: string; data: Record<string, unknown> }[] {
    if (!existsSync(this.#out)) return [];
    const lines = readFileSync(this.#out, 'utf8').split('\n');
    return lines.slice(0, -1).map((line) => JSON.parse(line));
  }

  /** Resolves when so many messages are in the file. */
  async wrote(count: number): Promise<void> {
    while (this.messages().length < count) await new Promise((resolve) => setTimeout(resolve, 5));
  }

  stop(): Promise<Ended> {
    this.cli.child.kill('SIGINT');
    return this.cli.ended;
  }
}

/** A port that nothing listens on. */
export async function freePort(cwd: string): Promise<number> {
  const agent = await AgentProcess.start(cwd, { args: ['--store', 'unused'] });
  await agent.stop();
  return agent.port;
}
