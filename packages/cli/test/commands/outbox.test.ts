// The commands as people use them: real processes and a real outbox, filled by `holdfast send` to an agent that refuses.
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createAgent, reject } from '@holdfast/agent';
import { tcpListener } from '@holdfast/agent/tcp';
import { lmdbStore } from '@holdfast/reliable-channel/lmdb';
import { memoryStore } from '@holdfast/reliable-channel/memory';
import { expect, it, onTestFinished } from 'vitest';
import {
  AgentProcess,
  CliProcess,
  freePort,
  runCli,
  temporaryFolder,
  withoutProgress,
} from '../support/cli-process.js';

/** An agent that refuses rows with a number above 7. */
async function refusingAgent(): Promise<number> {
  const agent = createAgent({ listeners: [tcpListener({ port: 0 })], store: memoryStore() });
  agent.on('reading', ({ value }: { value: number }) => {
    if (value > 7) throw reject(`${value} is too much`);
  });
  const [listener] = await agent.listen();
  onTestFinished(() => agent.close());
  return listener?.port ?? 0;
}

/** A folder with the outbox of a run in which three of ten messages were refused. */
async function refusedRun(...args: readonly string[]) {
  const cwd = temporaryFolder();
  writeFileSync(join(cwd, 'a.csv'), `value\n${Array.from({ length: 10 }, (_, index) => index + 1).join('\n')}\n`);
  const port = await refusingAgent();
  const ended = await runCli(['send', 'a.csv', '--port', String(port), ...args], { cwd });
  return { cwd, ...ended };
}

function outbox(cwd: string, ...args: readonly string[]) {
  return runCli(['outbox', ...args], { cwd });
}

it('says at the end of a run what was refused, and lists it', async () => {
  const { cwd, code, stderr } = await refusedRun('--lane', 'press');
  expect([code, withoutProgress(stderr)]).toEqual([
    1,
    'holdfast: 3 of 10 messages were refused; see holdfast outbox ls --outbox ./holdfast-outbox\n',
  ]);
  const listed = await outbox(cwd, 'ls');
  expect(listed).toMatchObject({ code: 0, stderr: '' });
  const time = String.raw`\d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ`;
  expect(listed.stdout).toMatch(
    new RegExp(
      `^nothing waits\ndead letters: 3\n  ID  LANE   NAME     STATUS    ATTEMPTS  WHEN                  REASON\n` +
        [8, 9, 10]
          .map((value, index) => `  ${index + 1}   press  reading  rejected  1         ${time}  ${value} is too much\n`)
          .join(''),
    ),
  );
  const { lanes, deadLetters } = JSON.parse((await outbox(cwd, 'ls', '--json')).stdout);
  expect(lanes).toEqual([]);
  expect(deadLetters).toHaveLength(3);
  expect(deadLetters[0]).toMatchObject({ id: 1, lane: 'press', sequence: 8, status: 'rejected' });
  expect(deadLetters[0]).not.toHaveProperty('data');
});

it('shows one whole', async () => {
  const { cwd } = await refusedRun();
  const { stdout } = await outbox(cwd, 'show', '2');
  expect(stdout).toMatch(/^id: {7}2\nname: {5}reading\nlane: {5}\(default\), message 9\nstatus: {3}rejected\n/);
  expect(stdout).toMatch(/\nreason: {3}9 is too much\n/);
  expect(stdout).toMatch(/\ndata: {5}\{\n {2}"value": 9\n\}\n$/);
  expect(JSON.parse((await outbox(cwd, 'show', '2', '--json')).stdout)).toMatchObject({ id: 2, data: { value: 9 } });
  expect(await outbox(cwd, 'show', '7')).toMatchObject({
    code: 1,
    stdout: '',
    stderr: 'holdfast: there is no dead letter 7; list them with holdfast outbox ls\n',
  });
});

it('puts them back, and the next run of send delivers them', async () => {
  const { cwd } = await refusedRun();
  expect(await outbox(cwd, 'retry', '3')).toMatchObject({
    code: 0,
    stdout: '1 dead letter back in the outbox; they go out with holdfast send --drain\n',
  });
  expect((await outbox(cwd, 'retry', '--all')).stdout).toMatch(/^2 dead letters back/);
  expect((await outbox(cwd, 'retry', '--all')).stdout).toBe('no dead letters\n');
  const { lanes } = JSON.parse((await outbox(cwd, 'ls', '--json')).stdout);
  expect(lanes).toMatchObject([{ lane: '', messages: 3, first: [{ name: 'reading' }, {}, {}] }]);
  expect((await outbox(cwd, 'stats')).stdout).toMatch(
    /^waiting: 3 messages in 1 lane, \d+ bytes, the oldest for \d+ s\ndead letters: 0\nepoch: [0-9a-f]{16}\n$/,
  );
  const agent = await AgentProcess.start(cwd);
  const drained = await runCli(['send', '--drain', '--port', String(agent.port)], { cwd });
  expect([drained.code, drained.stderr]).toEqual([0, expect.stringMatching(/delivered 3 messages/)]);
  expect(agent.messages().map(({ data }) => data.value)).toEqual([10, 8, 9]);
});

it('lets them go', async () => {
  const { cwd } = await refusedRun();
  expect((await outbox(cwd, 'discard', '1')).stdout).toBe('1 dead letter discarded\n');
  expect(await outbox(cwd, 'discard', '1')).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/no dead letter 1/),
  });
  expect((await outbox(cwd, 'discard', '--all')).stdout).toBe('2 dead letters discarded\n');
  expect((await outbox(cwd, 'ls')).stdout).toBe('nothing waits\nno dead letters\n');
});

it('lists what waits, and what was too late', async () => {
  const cwd = temporaryFolder();
  const port = await freePort(cwd);
  writeFileSync(join(cwd, 'a.csv'), 'value\n1\n2\n3\n4\n');
  const late = await runCli(['send', 'a.csv', '--port', String(port), '--ttl', '0.2', '--outbox', 'box'], { cwd });
  expect(late.code).toBe(1);
  expect(late.stderr).toMatch(/holdfast: 4 of 4 messages were too late; see holdfast outbox ls --outbox box\n$/);
  await runCli(['send', 'a.csv', '--port', String(port), '--timeout', '0.2', '--outbox', 'box'], { cwd });
  const { stdout } = await outbox(cwd, 'ls', '--outbox', 'box');
  expect(stdout).toMatch(/^waiting: 4 messages\n {2}LANE {7}MESSAGES {2}SIZE/);
  expect(stdout).toMatch(
    /\n {2}\(default\) {2}4 .* reading \([0-9a-f]{16}--5\), reading \(.*--6\), reading \(.*--7\), …\n/,
  );
  expect(stdout).toMatch(/dead letters: 4\n.*\n {2}1 .* expired /);
});

it("looks into an agent's outbox towards a device", async () => {
  const cwd = temporaryFolder();
  const agent = createAgent({ listeners: [tcpListener({ port: 0 })], store: lmdbStore(join(cwd, 'inbox')) });
  await agent.listen();
  await (await agent.device('press-7').send('restart', { soon: true })).stored;
  await agent.close();
  const listed = await outbox(cwd, 'ls', '--outbox', 'inbox', '--device', 'press-7');
  expect(listed.stdout).toMatch(/^waiting: 1 message\n.*\n {2}\(default\) {2}1 .* restart \(/);
  expect(await outbox(cwd, 'ls', '--outbox', 'inbox')).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/^holdfast: there is no outbox of a device in lmdb inbox; .*\n$/),
  });
});

it('names the program that has the outbox', async () => {
  const cwd = temporaryFolder();
  const port = await freePort(cwd);
  const sending = new CliProcess(['send', '--format', 'jsonl', '--port', String(port)], { cwd });
  sending.child.stdin.write('{"value":1}\n');
  await sending.said(/no connection/);
  const { code, stderr } = await outbox(cwd, 'ls');
  expect(code).toBe(1);
  expect(stderr).toMatch(new RegExp(`^holdfast: [^\n]*process ${sending.child.pid}[^\n]*\n$`));
});

it.each([
  ['no folder', 'nowhere'],
  ['a folder with something else in it', 'other'],
])('makes no outbox where there is %s', async (_, folder) => {
  const cwd = temporaryFolder();
  mkdirSync(join(cwd, 'other'));
  expect(await outbox(cwd, 'ls', '--outbox', folder)).toMatchObject({
    code: 1,
    stderr: `holdfast: there is no outbox in ${folder}; name its folder with --outbox\n`,
  });
  expect([existsSync(join(cwd, 'nowhere')), existsSync(join(cwd, 'other', 'data.mdb'))]).toEqual([false, false]);
});

it.each([
  ['neither an id nor --all', ['retry'], /name one dead letter, or give --all/],
  ['both', ['discard', '1', '--all'], /name one dead letter, or give --all/],
  ['an id that is none', ['show', 'x'], /number of a dead letter/],
  ['no command', [], /^$/],
])('refuses a command line with %s', async (_, args, message) => {
  const { code, stderr } = await outbox(temporaryFolder(), ...args);
  expect(code).toBe(2);
  if (args.length > 0) expect(stderr).toMatch(message);
  else expect(stderr).toMatch(/Usage: holdfast outbox/);
});
