import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createTransport, RETURN_ON_ERROR, WAIT_FOR_ACK } from '@holdfast/transport';
import { tcp } from '@holdfast/transport/tcp';
import { generate } from 'selfsigned';
import { expect, it } from 'vitest';
import { AgentProcess, CliProcess, runCli, temporaryFolder } from '../support/cli-process.js';

function send(cwd: string, port: number, input: string, ...args: string[]) {
  return runCli(['send', '--format', 'jsonl', '--port', String(port), ...args], { cwd, input });
}

it('says where it listens, who comes and goes, and how it was', async () => {
  const cwd = temporaryFolder();
  const agent = await AgentProcess.start(cwd);
  await send(cwd, agent.port, '1\n2\n', '--device', 'press-7');
  await agent.cli.said(/disconnected/);
  const { code, stderr, stdout } = await agent.stop();
  expect(stderr.split('\n')).toEqual([
    `listening on 127.0.0.1:${agent.port}; messages go to out.jsonl`,
    expect.stringMatching(/^press-7 connected from 127\.0\.0\.1:\d+$/),
    expect.stringMatching(/^press-7 disconnected: /),
    'closed; 2 messages written, 0 plain messages dropped',
    '',
  ]);
  expect([code, stdout]).toEqual([0, '']);
});

it('writes to standard output, and nothing else there', async () => {
  const cwd = temporaryFolder();
  const cli = new CliProcess(['agent', '--port', '0'], { cwd });
  const [, port] = await cli.said(/:(\d+); messages go to standard output/);
  await send(cwd, Number(port), '{"a":1}\n', '--device', 'd');
  cli.child.kill('SIGTERM');
  const { code, stdout } = await cli.ended;
  expect(JSON.parse(stdout)).toEqual({ device: 'd', name: 'reading', id: expect.any(String), data: { a: 1 } });
  expect(code).toBe(0);
});

it('ends when nobody reads its standard output, and the message stays with the device', async () => {
  const cwd = temporaryFolder();
  const cli = new CliProcess(['agent', '--port', '0'], { cwd });
  const [, port] = await cli.said(/:(\d+); messages go to/);
  cli.child.stdout.destroy();
  const device = new CliProcess(['send', '--format', 'jsonl', '--port', String(port)], { cwd });
  device.child.stdin.end('1\n');
  const { code, stderr } = await cli.ended;
  expect(stderr).toMatch(/\nholdfast: nobody reads the standard output any more\n$/);
  expect(code).toBe(1);
  device.child.kill('SIGINT');
  expect((await device.ended).stderr).toMatch(/1 message is kept/);
});

it('appends, and does not join a line that was cut short', async () => {
  const cwd = temporaryFolder();
  writeFileSync(join(cwd, 'out.jsonl'), '{"cut":');
  const agent = await AgentProcess.start(cwd);
  await send(cwd, agent.port, '1\n');
  await agent.stop();
  expect(readFileSync(join(cwd, 'out.jsonl'), 'utf8')).toMatch(/^\{"cut":\n\{"device":.*\}\n$/);
});

it('lets devices in by their own tokens', async () => {
  const cwd = temporaryFolder();
  writeFileSync(join(cwd, 'tokens.json'), '{"a":"secret of a","b":"secret of b"}');
  const agent = await AgentProcess.start(cwd, { args: ['--tokens', 'tokens.json'] });
  const own = ['--device', 'a', '--outbox', 'a'];
  expect((await send(cwd, agent.port, '1\n', ...own, '--token', 'secret of b')).code).toBe(1);
  expect((await send(cwd, agent.port, '', ...own, '--token', 'secret of a')).code).toBe(0);
  expect((await send(cwd, agent.port, '1\n', '--device', 'c', '--token', 'secret of a')).code).toBe(1);
  const { stderr } = await agent.stop();
  expect(stderr).toMatch(/refused a from .*\n(.*\n)*refused c from /);
  expect(stderr).not.toMatch(/secret/);
});

it('speaks TLS', async () => {
  const cwd = temporaryFolder();
  const { cert, private: key } = await generate([{ name: 'commonName', value: 'localhost' }], {
    extensions: [
      { name: 'basicConstraints', cA: true },
      { name: 'subjectAltName', altNames: [{ type: 2, value: 'localhost' }] },
    ],
  });
  writeFileSync(join(cwd, 'cert.pem'), cert);
  writeFileSync(join(cwd, 'key.pem'), key);
  const agent = await AgentProcess.start(cwd, { args: ['--tls-cert', 'cert.pem', '--tls-key', 'key.pem'] });
  const { code } = await send(
    cwd,
    agent.port,
    '1\n',
    '--host',
    '127.0.0.1',
    '--tls-ca',
    'cert.pem',
    '--tls-servername',
    'localhost',
  );
  expect([code, agent.messages().length]).toEqual([0, 1]);
  const args = ['send', '--format', 'jsonl', '--port', String(agent.port), '--host', 'localhost', '--tls'];
  const untrusting = new CliProcess(args, { cwd });
  untrusting.child.stdin.end('1\n');
  await untrusting.said(/no CA that this device trusts/);
  untrusting.child.kill('SIGINT');
  expect((await untrusting.ended).code).toBe(130);
  expect(agent.messages()).toHaveLength(1);
});

it('writes plain messages down, too', async () => {
  const cwd = temporaryFolder();
  const agent = await AgentProcess.start(cwd);
  const transport = createTransport({ deviceId: 'imp', link: tcp({ host: '127.0.0.1', port: agent.port }) });
  await transport.connect();
  transport.setSendTimeoutPolicy(RETURN_ON_ERROR, WAIT_FOR_ACK, 5);
  expect(await transport.send('plain', { bytes: new Uint8Array([1, 2]), no: Number.NaN })).toBe(0);
  await agent.wrote(1);
  expect(agent.messages()).toEqual([{ device: 'imp', name: 'plain', id: null, data: { bytes: 'AQI=', no: 'NaN' } }]);
  await transport.disconnect();
});

it.each([
  ['a host that others reach, without tokens', ['--host', '0.0.0.0'], 2, /give HOLDFAST_TOKEN or --tokens/],
  ['both kinds of tokens', ['--token', 'a', '--tokens', 'good.json'], 2, /cannot be used with/],
  ['a certificate without its key', ['--tls-cert', 'x'], 2, /belong together/],
  ['a client CA alone', ['--tls-client-ca', 'x'], 2, /needs --tls-cert/],
  ['tokens that are not JSON', ['--tokens', 'bad.json'], 1, /not JSON; it must look like/],
  ['tokens that are none', ['--tokens', 'other.json'], 1, /something else than tokens/],
  ['tokens that are not there', ['--tokens', 'none.json'], 1, /none\.json does not exist/],
  [
    'an output that can not be written',
    ['--out', 'bad.json/out'],
    1,
    /can not write the output: bad\.json\/out does not exist/,
  ],
  ['an inbox that can not be made', ['--store', 'bad.json/inbox'], 1, /can not open the store/],
])('refuses %s', async (_, args, code, message) => {
  const cwd = temporaryFolder();
  writeFileSync(join(cwd, 'good.json'), '{"a":"hidden"}');
  writeFileSync(join(cwd, 'bad.json'), '{"a":"hidden"');
  writeFileSync(join(cwd, 'other.json'), '{"a":7,"b":"hidden"}');
  const ended = await runCli(['agent', '--port', '0', ...args], { cwd });
  expect(ended.stderr).toMatch(/^holdfast: [^\n]+\n$/);
  expect(ended.stderr).toMatch(message);
  expect(ended.stderr).not.toMatch(/hidden/);
  expect(ended.code).toBe(code);
});

it('says that a port is taken', async () => {
  const cwd = temporaryFolder();
  const agent = await AgentProcess.start(cwd);
  const second = await runCli(['agent', '--port', String(agent.port), '--store', 'other', '--out', 'other.jsonl'], {
    cwd,
  });
  expect(second).toMatchObject({ code: 1, stderr: expect.stringMatching(/^holdfast: .*the port is in use[^\n]*\n$/) });
});

it('ends at once with a second Ctrl-C', async () => {
  const cwd = temporaryFolder();
  const cli = new CliProcess(['agent', '--port', '0'], { cwd });
  const [, port] = await cli.said(/:(\d+); messages go to/);
  // Nobody reads: once the pipe is full, a message stays with the agent, and closing waits for it.
  cli.child.stdout.pause();
  const device = new CliProcess(['send', '--format', 'jsonl', '--port', port as string], { cwd });
  device.child.stdin.end(`"${'x'.repeat(200_000)}"\n`.repeat(20));
  await once(device.child, 'spawn');
  await cli.said(/connected from/);
  cli.child.kill('SIGINT');
  await device.said(/connection lost/);
  cli.child.kill('SIGINT');
  await cli.ended;
  expect(cli.stderr).not.toMatch(/\n\s+at /);
});
