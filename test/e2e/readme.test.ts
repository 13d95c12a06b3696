// The programs in the README files do what is said there. They run against what `npm run build` has written.

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { readPrograms, runProgram } from '../support/readme-programs.js';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const packages = readdirSync(`${ROOT}packages`).map((name) => `packages/${name}/README.md`);
const files = ['README.md', ...packages].filter((file) => existsSync(`${ROOT}${file}`));

const programs = files.flatMap((file) =>
  readPrograms(readFileSync(`${ROOT}${file}`, 'utf8')).map((program) => ({ ...program, file })),
);

test.each(programs)('$file, line $line', async (program) => {
  const { code, stdout, stderr } = await runProgram(program);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  if (program.output !== undefined) expect(stdout).toBe(program.output);
});

test('the front page and some packages have a program', () => {
  const found = new Set(programs.map(({ file }) => file));
  if (files.includes('README.md')) expect(found).toContain('README.md');
  expect(found).toContain('packages/agent/README.md');
});

describe('the reader of programs', () => {
  const fence = '```';

  test('takes marked blocks with the output behind them', () => {
    const markdown = [
      '# Title',
      `${fence}ts`,
      'not marked',
      fence,
      '<!-- runs -->',
      '',
      `${fence}ts`,
      'const a: number = 1;',
      'console.log(a);',
      fence,
      'It prints:',
      `${fence}text`,
      '1',
      fence,
      '<!-- runs -->',
      `${fence}js`,
      'console.log(2);',
      fence,
    ].join('\n');
    expect(readPrograms(markdown)).toEqual([
      { line: 7, source: 'const a: number = 1;\nconsole.log(a);\n', output: '1\n' },
      { line: 16, source: 'console.log(2);\n', output: undefined },
    ]);
  });

  test('wants a program behind every mark', () => {
    expect(() => readPrograms(`<!-- runs -->\n${fence}sh\nls\n${fence}`)).toThrow('line 1');
  });

  test('runs types away, and tells how a program ended', async () => {
    const program = { line: 1, output: undefined };
    const source = "const name: string = 'x'; console.log(name); process.exitCode = 3;";
    expect(await runProgram({ ...program, source })).toEqual({ code: 3, stdout: 'x\n', stderr: '' });
    const failed = await runProgram({ ...program, source: "throw new Error('no');" });
    expect(failed.code).toBe(1);
    expect(failed.stderr).toContain('Error: no');
  });
});
