// Runs that are cut short, by Ctrl-C or by the other end: whatever the moment, nothing is lost and nothing is repeated.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import {
  AgentProcess,
  CliProcess,
  freePort,
  runCli,
  temporaryFolder,
  withoutProgress,
} from '../support/cli-process.js';

const rows = (count: number): number[] => Array.from({ length: count }, (_, index) => index);

function writeRows(cwd: string, count: number): void {
  writeFileSync(join(cwd, 'a.csv'), `row\n${rows(count).join('\n')}\n`);
}

/** How the message of an interrupted run says to go on. */
function nextArgs(stderr: string): string[] {
  const line = /run again with --from-line (\d+), or lines are sent twice/.exec(stderr)?.[1];
  if (line !== undefined) return ['a.csv', '--from-line', line];
  if (/nothing of a\.csv has been taken: run again as before/.test(stderr)) return ['a.csv'];
  expect(stderr).toMatch(/all of a\.csv has been taken: run again with --drain/);
  return ['--drain'];
}

it.each([
  ['fits into what may wait', 200],
  ['is more than may wait', 60_000],
])('keeps what Ctrl-C leaves, and the next run delivers the rest: an input that %s', async (_, count) => {
  const cwd = temporaryFolder();
  const port = await freePort(cwd);
  writeRows(cwd, count);
  const first = new CliProcess(['send', 'a.csv', '--port', String(port)], { cwd });
  await first.said(/no connection/);
  first.child.kill('SIGINT');
  const { code, stderr } = await first.ended;
  expect(code).toBe(130);
  expect(stderr).toMatch(
    /\nholdfast: interrupted; (\d+ messages? (is|are) kept in \.\/holdfast-outbox|nothing is kept); [^\n]+\n$/,
  );
  const agent = await AgentProcess.start(cwd, { port });
  const second = await runCli(['send', ...nextArgs(stderr), '--port', String(port)], { cwd });
  expect(second.stderr).toMatch(new RegExp(`delivered ${count} messages`));
  expect(agent.messages().map(({ data }) => data.row)).toEqual(rows(count));
});

it('loses and repeats nothing when Ctrl-C comes while messages flow', async () => {
  const cwd = temporaryFolder();
  const agent = await AgentProcess.start(cwd);
  const port = ['--port', String(agent.port)];
  writeRows(cwd, 30_000);
  const first = new CliProcess(['send', 'a.csv', ...port], { cwd });
  await agent.cli.said(/connected from/);
  first.child.kill('SIGINT');
  const { code, stderr } = await first.ended;
  if (code !== 0) {
    expect(code).toBe(130);
    expect((await runCli(['send', ...nextArgs(stderr), ...port], { cwd })).code).toBe(0);
  }
  expect(agent.messages().map(({ data }) => data.row)).toEqual(rows(30_000));
});

it('ends with 143 on SIGTERM, and stops reading standard input', async () => {
  const cwd = temporaryFolder();
  const agent = await AgentProcess.start(cwd);
  const cli = new CliProcess(['send', '--format', 'jsonl', '--port', String(agent.port)], { cwd });
  cli.child.stdin.write('{"row":1}\n{"row":');
  await agent.wrote(1);
  cli.child.kill('SIGTERM');
  const { code, stderr } = await cli.ended;
  // The line is written before the acknowledgement leaves.
  const kept = '(nothing is kept|1 message is kept in \\./holdfast-outbox)';
  expect(withoutProgress(stderr)).toMatch(
    new RegExp(`^holdfast: interrupted; ${kept}; standard input has been taken up to line 1`),
  );
  expect(code).toBe(143);
});

it('waits for an agent that starts later, and says once that there is none', async () => {
  const cwd = temporaryFolder();
  const port = await freePort(cwd);
  writeRows(cwd, 100);
  const cli = new CliProcess(['send', 'a.csv', '--port', String(port)], { cwd });
  await cli.said(/no connection/);
  const agent = await AgentProcess.start(cwd, { port });
  const { code, stderr } = await cli.ended;
  expect(withoutProgress(stderr)).toMatch(
    /^no connection: [^\n]+\nconnected to 127\.0\.0\.1:\d+\ndelivered 100 messages in \d+ s\n$/,
  );
  expect(code).toBe(0);
  expect(agent.messages().map(({ data }) => data.row)).toEqual(rows(100));
});

it('survives a restart of the agent', async () => {
  const cwd = temporaryFolder();
  const before = await AgentProcess.start(cwd);
  const cli = new CliProcess(['send', '--format', 'jsonl', '--port', String(before.port)], { cwd });
  cli.child.stdin.write('{"row":0}\n');
  await before.wrote(1);
  await before.stop();
  cli.child.stdin.end('{"row":1}\n{"row":2}\n');
  await cli.said(/connection lost: .*; trying again/);
  const after = await AgentProcess.start(cwd, { port: before.port });
  const { code, stderr } = await cli.ended;
  expect(withoutProgress(stderr)).toMatch(/\nconnected to .*\ndelivered 3 messages/);
  expect(code).toBe(0);
  expect(after.messages().map(({ data }) => data.row)).toEqual(rows(3));
});
