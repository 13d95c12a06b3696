// The programs in README files, run as a reader would run them: in an empty folder, with the built packages. A program is
// the first ts or js block behind the line `<!-- runs -->`; when the next block is a text block, that is its output.

import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

/** One program of a README. */
export interface ReadmeProgram {
  /** Where its block begins. */
  readonly line: number;
  /** JavaScript, or TypeScript. */
  readonly source: string;
  /** What it prints, or `undefined` when the README does not say. */
  readonly output: string | undefined;
}

/** What became of a program. */
export interface ProgramRun {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

interface Block {
  readonly line: number;
  readonly language: string;
  readonly text: string;
}

const MARK = /^<!-- runs -->$/;
const FENCE = /^```(\w*)\s*$/;
const TIMEOUT_MS = 20_000;
const NODE_MODULES = fileURLToPath(new URL('../../node_modules', import.meta.url));

/** The programs in a README. @throws Error when a mark has no program behind it */
export function readPrograms(markdown: string): ReadmeProgram[] {
  const lines = markdown.split('\n');
  const blocks = readBlocks(lines);
  return lines.flatMap((text, index) => {
    if (!MARK.test(text)) return [];
    const at = blocks.findIndex((block) => block.line > index + 1);
    const program = blocks[at];
    if (program === undefined || !['ts', 'js'].includes(program.language)) {
      throw new Error(`line ${index + 1}: no ts or js block follows the mark`);
    }
    const next = blocks[at + 1];
    return [{ line: program.line, source: program.text, output: next?.language === 'text' ? next.text : undefined }];
  });
}

/** Runs a program in a folder of its own, with nothing in it but the way to the packages. */
export async function runProgram(program: ReadmeProgram): Promise<ProgramRun> {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-readme-'));
  try {
    symlinkSync(NODE_MODULES, join(folder, 'node_modules'), 'junction');
    const compilerOptions = { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2022 };
    const { outputText } = ts.transpileModule(program.source, { compilerOptions });
    writeFileSync(join(folder, 'program.mjs'), outputText);
    return await run(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function run(folder: string): Promise<ProgramRun> {
  return new Promise((resolve) => {
    const options = { cwd: folder, timeout: TIMEOUT_MS };
    const child = execFile(process.execPath, ['program.mjs'], options, (_error, stdout, stderr) => {
      // A program that had to be ended has no exit code.
      resolve({ code: child.exitCode ?? -1, stdout, stderr });
    });
  });
}

function readBlocks(lines: readonly string[]): Block[] {
  const blocks: Block[] = [];
  let open: { line: number; language: string } | undefined;
  for (const [index, text] of lines.entries()) {
    const fence = FENCE.exec(text);
    if (fence === null) continue;
    if (open === undefined) open = { line: index + 1, language: fence[1] as string };
    else {
      blocks.push({ ...open, text: `${lines.slice(open.line, index).join('\n')}\n` });
      open = undefined;
    }
  }
  return blocks;
}
