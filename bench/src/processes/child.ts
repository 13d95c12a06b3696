// A process of its own for each end, as in life: what one spends on garbage collection or parsing is not the other's.
// Requests and answers go over Node's own channel between parent and child.

import { fork } from 'node:child_process';
import { once } from 'node:events';

/** A message from parent to child. */
export interface Request {
  readonly id: number;
  readonly name: string;
  readonly argument: unknown;
}

/** Its answer. */
export type Answer =
  | { readonly id: number; readonly result: unknown }
  | { readonly id: number; readonly error: string };

/** The parent's hold on a process. */
export interface Child {
  readonly pid: number;
  /** Asks for something and waits for the answer. Rejects with what the child threw, or when it ended before. */
  request<Result>(name: string, argument?: unknown): Promise<Result>;
  /** Lets it exit, which writes profiles and ends what it has started itself; kills it when it does not. */
  end(): Promise<void>;
}

/** From being let go until it is killed, in milliseconds. */
const END_MAX_MS = 10_000;

/**
 * Starts a script of this workspace as a process.
 *
 * @param script - its file, usually `new URL('./x.js', import.meta.url)`
 * @param args - what it finds in `process.argv`
 * @param nodeOptions - for Node, beside those of this process
 */
export function startChild(script: URL, args: readonly string[] = [], nodeOptions: readonly string[] = []): Child {
  const child = fork(script, args, {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    serialization: 'advanced',
    execArgv: [...process.execArgv, ...nodeOptions],
  });
  const waiting = new Map<number, { resolve(value: unknown): void; reject(error: Error): void }>();
  let requests = 0;
  let ending: Error | undefined;
  const fail = (detail: string): void => {
    ending ??= new Error(`${script.pathname.split('/').at(-1)} ${args.join(' ')}: ${detail}`);
    for (const { reject } of waiting.values()) reject(ending);
    waiting.clear();
  };
  child.on('message', (answer: Answer) => {
    const waiter = waiting.get(answer.id);
    waiting.delete(answer.id);
    if ('error' in answer) waiter?.reject(new Error(answer.error));
    else waiter?.resolve(answer.result);
  });
  child.on('error', (error) => fail(error.message));
  child.on('exit', (code, signal) => fail(`the process ended with ${signal ?? code}`));
  return {
    pid: child.pid ?? 0,
    request: <Result>(name: string, argument?: unknown) =>
      new Promise<Result>((resolve, reject) => {
        if (ending !== undefined) {
          reject(ending);
          return;
        }
        requests += 1;
        waiting.set(requests, { resolve: (value) => resolve(value as Result), reject });
        const request: Request = { id: requests, name, argument };
        child.send(request);
      }),
    end: async () => {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const gone = once(child, 'exit');
      if (child.connected) child.disconnect();
      const timer = setTimeout(() => child.kill('SIGKILL'), END_MAX_MS);
      await gone;
      clearTimeout(timer);
    },
  };
}

/** What a child can be asked for. */
export type Handlers = Readonly<Record<string, (argument: never) => unknown>>;

/** The child's side: answers requests until the parent is gone, and then ends. */
export function answerRequests(handlers: Handlers): void {
  const answer = (message: Answer): void => {
    if (process.connected) process.send?.(message);
  };
  process.on('message', async ({ id, name, argument }: Request) => {
    try {
      const handler = handlers[name];
      if (handler === undefined) throw new Error(`nothing answers ${name}`);
      answer({ id, result: await handler(argument as never) });
    } catch (error) {
      answer({ id, error: error instanceof Error ? (error.stack ?? error.message) : String(error) });
    }
  });
  process.on('disconnect', () => process.exit());
}

/** Runs something with processes, and ends those that it has started. */
export async function withChildren<Result>(run: (start: typeof startChild) => Promise<Result>): Promise<Result> {
  const children: Child[] = [];
  try {
    return await run((script, args, nodeOptions) => {
      const child = startChild(script, args, nodeOptions);
      children.push(child);
      return child;
    });
  } finally {
    await Promise.all(children.map((child) => child.end()));
  }
}
