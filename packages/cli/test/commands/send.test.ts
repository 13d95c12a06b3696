// The command as people use it: real processes on this machine. What happens when it is cut short is in send-run.test.ts.
import { once } from 'node:events';
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { encodeFrame } from '@holdfast/protocol/core';
import { describe, expect, it } from 'vitest';
import {
  AgentProcess,
  CliProcess,
  freePort,
  runCli,
  temporaryFolder,
  withoutProgress,
} from '../support/cli-process.js';

const EXAMPLE = new URL('../../../../examples/data/machine_temperature_system_failure.csv', import.meta.url);

/** Sends to an agent of its own; returns how it ended and what arrived. */
async function send(
  args: readonly string[],
  input?: string | Buffer,
  file?: { name: string; content: string | Buffer },
) {
  const cwd = temporaryFolder();
  if (file !== undefined) writeFileSync(join(cwd, file.name), file.content);
  const agent = await AgentProcess.start(cwd);
  const port = ['--port', String(agent.port)];
  const ended = await runCli(['send', ...args, ...port], { cwd, ...(input !== undefined && { input }) });
  await agent.stop();
  return { ...ended, messages: agent.messages(), data: agent.messages().map(({ data }) => data) };
}

function sendFile(name: string, content: string | Buffer, ...args: string[]) {
  return send([name, ...args], undefined, { name, content });
}

describe('good input', () => {
  it('sends every row of CSV once, in order', async () => {
    const lines = readFileSync(EXAMPLE, 'utf8').split('\n').slice(0, 501);
    const { code, stderr, messages } = await sendFile(
      'a.csv',
      lines.join('\n'),
      '--device',
      'press-7',
      '--name',
      'temp',
    );
    expect(withoutProgress(stderr)).toMatch(/^delivered 500 messages in \d+ s\n$/);
    expect(code).toBe(0);
    expect(messages.map(({ data }) => `${data.timestamp},${data.value}`)).toEqual(
      lines.slice(1, 501).map((line) => line.trim()),
    );
    expect(new Set(messages.map(({ id }) => id)).size).toBe(500);
    expect(messages[0]).toEqual({
      device: 'press-7',
      name: 'temp',
      id: expect.stringMatching(/-1$/),
      data: { timestamp: '2013-12-02 21:15:00', value: 73.96732207 },
    });
  });

  it('sends JSON lines, whatever values they are', async () => {
    const { code, data } = await sendFile('a.jsonl', '{"a":1}\r\n\n[2]\n"three"\nnull');
    expect([code, data]).toEqual([0, [{ a: 1 }, [2], 'three', null]]);
  });

  it.each([[['-']], [[]]])('sends standard input named as %j', async (file) => {
    const { code, data } = await send([...file, '--format', 'csv'], 'a,b\n1,x\n2,y\n');
    expect([code, data]).toEqual([
      0,
      [
        { a: 1, b: 'x' },
        { a: 2, b: 'y' },
      ],
    ]);
  });

  it.each([
    ['only a header', 'a.csv', 'a,b\n'],
    ['nothing at all', 'a.jsonl', ''],
  ])('finds nothing to send in %s', async (_, name, content) => {
    expect(await sendFile(name, content)).toMatchObject({ code: 0, stderr: 'nothing to send\n', data: [] });
  });

  it('leaves out what begins before --from-line', async () => {
    const { data } = await sendFile('a.csv', 'a\n1\n"2\n2"\n3\n', '--from-line', '4');
    expect(data).toEqual([{ a: 3 }]);
  });

  it('says nothing with --quiet', async () => {
    expect(await sendFile('a.csv', 'a\n1\n', '--quiet')).toMatchObject({
      code: 0,
      stderr: '',
      stdout: '',
      data: [{ a: 1 }],
    });
  });
});

describe('bad input', () => {
  it.each([
    ['a cell too many', 'a,b\n1,2\n1,2,3\n', /a\.csv, line 3: has 3 cells, the header names 2 columns/],
    ['a cell too few', 'a,b\n1\n', /a\.csv, line 2: has 1 cell, the header names 2 columns/],
    ['two columns of one name', 'a,b,a\n1,2,3\n', /line 1: columns 1 and 3 are both named "a"/],
    [
      'the column __proto__',
      'a,__proto__\n1,2\n',
      /line 1: column 2 is named __proto__, which no message may use; rename it/,
    ],
    ['the column constructor', 'constructor\n1\n', /line 1: column 1 is named constructor/],
    ['a quote left open', 'a\n1\n"2\n3\n', /line 3: a quote is opened here or in a line below, and never closed/],
    ['a cell of 1 MB', `a\n1\n${'x'.repeat(1_000_000)}\n`, /line 3: .*262144/],
    ['no header', '', /line 1: is empty; CSV begins with a header/],
    ['another encoding', Buffer.from('a\n1\nM\xfcller\n', 'latin1'), /line 3: is not UTF-8/],
  ])('sends nothing of a file with %s', async (_, content, message) => {
    const { code, stderr, data } = await sendFile('a.csv', content);
    expect(stderr).toMatch(/^holdfast: [^\n]*; nothing was sent\n$/);
    expect(stderr).toMatch(message);
    expect([code, data]).toEqual([1, []]);
  });

  it.each([
    ['no JSON', '{"a":1}\n{"a":\n', /a\.jsonl, line 2: is not JSON/],
    ['the key __proto__', '{"a":1}\n\n{"b":{"__proto__":1}}\n', /a\.jsonl, line 3: .*__proto__/],
    ['too much', `1\n"${'x'.repeat(300_000)}"\n`, /a\.jsonl, line 2: .*262144/],
  ])('sends nothing of JSON lines with %s', async (_, content, message) => {
    const { code, stderr, data } = await sendFile('a.jsonl', content);
    expect(stderr).toMatch(message);
    expect([code, data]).toEqual([1, []]);
  });

  it('delivers what comes before a bad line of standard input, and says so', async () => {
    const { code, stderr, data } = await send(['--format', 'jsonl'], '{"a":1}\n{"a":2}\nthree\n{"a":4}\n');
    expect(withoutProgress(stderr)).toMatch(
      /^holdfast: standard input, line 3: is not JSON: .*; the 2 messages before that were delivered\n$/,
    );
    expect([code, data]).toEqual([1, [{ a: 1 }, { a: 2 }]]);
  });
});

describe('a wrong command line', () => {
  it.each([
    ['an unknown option', ['--hots', 'x'], /unknown option '--hots'/],
    ['a port that is none', ['a.csv', '--port', '70000'], /--port .* whole number from 0 to 65535/],
    ['a timeout that is none', ['a.csv', '--timeout', 'soon'], /number of seconds/],
    ['a line that is none', ['a.csv', '--from-line', '0'], /whole number from 1/],
    ['a format that is none', ['a.csv', '--format', 'xml'], /Allowed choices are csv, jsonl/],
    ['a name that does not tell the format', ['a.txt'], /say --format csv or jsonl/],
    ['standard input without a format', [], /--format csv or jsonl/],
    ['--drain with a file', ['a.csv', '--drain'], /--drain .* no input/],
    ['another machine without TLS', ['a.csv', '--host', 'example.com'], /not this machine: use --tls, or --plaintext/],
    ['TLS and plaintext', ['a.csv', '--tls', '--plaintext'], /--plaintext does not go together/],
    ['a certificate without its key', ['a.csv', '--tls-cert', 'x'], /belong together/],
    ['a name without a character', ['a.csv', '--name', ''], /needs a name/],
    ['a name that is too long', ['a.csv', '--name', 'n'.repeat(256)], /at most 255/],
    ['a device id that is too long', ['a.csv', '--device', 'd'.repeat(129)], /128/],
    ['an empty token', ['a.csv', '--token', ''], /--token is empty/],
  ])('is refused with exit code 2: %s', async (_, args, message) => {
    const { code, stderr } = await runCli(['send', ...args], { cwd: temporaryFolder() });
    expect(stderr).toMatch(/^holdfast: [^\n]+\n$/);
    expect(stderr).toMatch(message);
    expect(code).toBe(2);
  });
});

describe('what can not be read or stored', () => {
  it.each([
    ['a file that is not there', ['none.csv'], /none\.csv does not exist/],
    ['a folder', ['folder.csv'], /folder\.csv is a folder/],
    ['a CA that is not there', ['a.csv', '--tls-ca', 'ca.pem'], /--tls-ca: ca\.pem does not exist/],
    [
      'an outbox that can not be made',
      ['a.csv', '--outbox', 'a.csv/outbox'],
      /can not open the store in a\.csv\/outbox/,
    ],
  ])('is one line and exit code 1: %s', async (_, args, message) => {
    const cwd = temporaryFolder();
    mkdirSync(join(cwd, 'folder.csv'));
    writeFileSync(join(cwd, 'a.csv'), 'a\n1\n');
    const { code, stderr } = await runCli(['send', ...args], { cwd });
    expect(stderr).toMatch(/^holdfast: [^\n]+\n$/);
    expect(stderr).toMatch(message);
    expect(code).toBe(1);
  });

  it.skipIf(process.getuid?.() === 0)('says that an outbox is not writable', async () => {
    const cwd = temporaryFolder();
    mkdirSync(join(cwd, 'outbox'));
    chmodSync(join(cwd, 'outbox'), 0o500);
    const { code, stderr } = await runCli(['send', '--drain', '--outbox', 'outbox'], { cwd });
    expect([code, stderr]).toEqual([
      1,
      expect.stringMatching(/^holdfast: can not open the store in outbox: [^\n]+\n$/),
    ]);
  });

  it('says that another process has the outbox', async () => {
    const cwd = temporaryFolder();
    const port = String(await freePort(cwd));
    const first = new CliProcess(['send', '--format', 'jsonl', '--port', port], { cwd });
    await first.said(/no connection/);
    const second = await runCli(['send', '--drain', '--port', port], { cwd });
    expect(second.stderr).toMatch(/^holdfast: the store in .*holdfast-outbox is open in process \d+; [^\n]+\n$/);
    expect(second.code).toBe(1);
  });
});

describe('an agent that does not let it in', () => {
  it('ends with a wrong token, and keeps the messages', async () => {
    const cwd = temporaryFolder();
    const agent = await AgentProcess.start(cwd, { env: { HOLDFAST_TOKEN: 'the right one' } });
    writeFileSync(join(cwd, 'a.csv'), 'a\n1\n2\n');
    const args = ['send', 'a.csv', '--device', 'd', '--port', String(agent.port)];
    const refused = await runCli([...args, '--token', 'a wrong one'], { cwd });
    expect(refused.stderr).toMatch(/^holdfast: the agent at 127\.0\.0\.1:\d+ does not let the device "d" in [^\n]+\n$/);
    expect(refused.stderr).toMatch(/HOLDFAST_TOKEN.*kept in \.\/holdfast-outbox|nothing is kept/);
    expect(refused.stderr).not.toMatch(/a wrong one|the right one/);
    expect(refused.code).toBe(1);
    expect((await agent.cli.said(/refused d from .*/))[0]).not.toMatch(/a wrong one|the right one/);
    expect(agent.messages()).toEqual([]);
  });

  it('ends when the versions differ', async () => {
    const refusal = encodeFrame({
      type: 'refuse',
      code: 1,
      reason: 'this server speaks version 9',
      retryAfterMs: 0,
      versionMin: 9,
      versionMax: 9,
    });
    const server = createServer((socket) => socket.on('error', () => {}).end(refusal)).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as { port: number };
    const { code, stderr } = await runCli(['send', '--format', 'jsonl', '--port', String(port)], {
      cwd: temporaryFolder(),
      input: '1\n',
    });
    server.close();
    expect(stderr).toMatch(/another version of the protocol \(.*version 9.*\); update the older end/);
    expect(code).toBe(1);
  });

  it('ends when another device takes its id', async () => {
    const cwd = temporaryFolder();
    const agent = await AgentProcess.start(cwd);
    const args = ['send', '--format', 'jsonl', '--device', 'd', '--port', String(agent.port)];
    const first = new CliProcess(args, { cwd });
    first.child.stdin.write('1\n');
    await agent.wrote(1);
    await runCli([...args, '--outbox', 'other'], { cwd, input: '2\n' });
    const { code, stderr } = await first.ended;
    expect(withoutProgress(stderr)).toMatch(/^holdfast: another connection has taken the device id "d"; .*--device; /);
    expect(code).toBe(1);
  });
});

describe('--timeout', () => {
  it('ends with the reason and keeps the messages, which --drain delivers', async () => {
    const cwd = temporaryFolder();
    const port = await freePort(cwd);
    writeFileSync(join(cwd, 'a.csv'), 'a\n1\n2\n');
    const late = await runCli(['send', 'a.csv', '--port', String(port), '--timeout', '0.3'], { cwd });
    expect(late.stderr).toMatch(/^no connection: [^\n]*nothing listens there[^\n]*; trying again\nholdfast: [^\n]+\n$/);
    expect(late.stderr).toMatch(
      /no acknowledgement for 0\.3 s: .*nothing listens there.*; 2 messages are kept in .*--drain/,
    );
    expect(late.code).toBe(1);
    const agent = await AgentProcess.start(cwd, { port });
    const drained = await runCli(['send', '--drain', '--port', String(port)], { cwd });
    expect(withoutProgress(drained.stderr)).toMatch(/^delivered 2 messages in \d+ s, 2 of them from an earlier run\n$/);
    expect(agent.messages().map(({ data }) => data.a)).toEqual([1, 2]);
  });
});
