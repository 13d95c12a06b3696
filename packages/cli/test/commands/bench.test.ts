// The command as people use it: real processes on this machine.
import { expect, it } from 'vitest';
import { AgentProcess, runCli, temporaryFolder } from '../support/cli-process.js';

it('measures the link to an agent', async () => {
  const cwd = temporaryFolder();
  const agent = await AgentProcess.start(cwd);
  const ended = await runCli(['bench', '--port', String(agent.port), '--seconds', '0.1', '--bytes', '64'], { cwd });
  await agent.stop();
  expect(ended.code).toBe(0);
  expect(ended.stdout).toMatch(/^messages of 64 bytes; round trip to the server [\d.]+ ms\n/);
  for (const way of ['WAIT_FOR_ACK ', 'WAIT_FOR_ACK, 8 outstanding', 'WAIT_TIL_SENT', 'reliable channel']) {
    expect(ended.stdout).toContain(`\n${way}`);
  }
});

it.each([
  [['--bytes', '300000'], /262144/],
  [['--bytes', 'many'], /whole number/],
  [['--seconds', '0'], /seconds/],
  [['--host', 'example.org'], /is not this machine/],
])('refuses %j', async (args, message) => {
  const { code, stderr } = await runCli(['bench', ...args], { cwd: temporaryFolder() });
  expect(code).toBe(2);
  expect(stderr).toMatch(message);
});
