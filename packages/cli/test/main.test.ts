import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { runCli, temporaryFolder } from './support/cli-process.js';

const run = (...args: string[]) => runCli(args, { cwd: temporaryFolder() });

it('says its version', async () => {
  const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));
  expect(await run('--version')).toEqual({ code: 0, stdout: `${version}\n`, stderr: '' });
});

it('helps when asked, with every command', async () => {
  const { code, stdout } = await run('--help');
  expect(code).toBe(0);
  for (const command of ['agent', 'send', 'demo']) expect(stdout).toMatch(new RegExp(`\n  ${command} `));
  expect((await run('send', '--help')).stdout).toMatch(/HOLDFAST_TOKEN/);
  expect((await run('agent', '--help')).stdout).toMatch(/HOLDFAST_TOKEN/);
});

it('shows the help when asked for nothing, and counts that as a wrong command line', async () => {
  expect(await run()).toMatchObject({ code: 2, stdout: '', stderr: expect.stringMatching(/^Usage: holdfast/) });
});

it('does not know other commands', async () => {
  expect(await run('sned')).toEqual({
    code: 2,
    stdout: '',
    stderr: "holdfast: unknown command 'sned' (Did you mean send?); see holdfast --help\n",
  });
});
