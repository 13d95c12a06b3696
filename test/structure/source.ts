// What the structure checks share: the repository's own files as syntax trees, and how a finding is told.
// A check is a function from all files to its findings. It picks the files it is about by their path, so that a test
// can prove it with two lines of made-up source.
import { readdirSync, readFileSync } from 'node:fs';
import ts from 'typescript';

/** One file of ours. `path` is relative to the root, with forward slashes. */
export interface Source {
  readonly path: string;
  readonly text: string;
  readonly tree: ts.SourceFile;
}

/** One place that breaks a house rule, and what to do about it. */
export interface Finding {
  readonly path: string;
  readonly line: number;
  readonly text: string;
  readonly advice: string;
}

export type Check = (sources: readonly Source[]) => Finding[];

/** Where a file imports from. `specifier` is the text between the quotes. */
export interface Import {
  readonly specifier: string;
  readonly node: ts.Node;
}

export function parse(path: string, text: string): Source {
  return { path, text, tree: ts.createSourceFile(path, text, ts.ScriptTarget.ES2022, true) };
}

/** Every script below `folders`, built and installed ones left out. */
export function readSources(root: string, folders: readonly string[]): Source[] {
  const skipped = new Set(['node_modules', 'dist', 'build', 'coverage', 'data']);
  const visit = (folder: string): string[] =>
    readdirSync(`${root}/${folder}`, { withFileTypes: true }).flatMap((entry) => {
      const path = `${folder}/${entry.name}`;
      if (entry.isDirectory()) return skipped.has(entry.name) ? [] : visit(path);
      return /\.(ts|mjs|js)$/.test(entry.name) ? [path] : [];
    });
  return folders.flatMap(visit).map((path) => parse(path, readFileSync(`${root}/${path}`, 'utf8')));
}

/** The package a file belongs to: `transport` for `packages/transport/src/…`, `undefined` outside packages. */
export function packageOf(path: string): string | undefined {
  return /^packages\/([^/]+)\//.exec(path)?.[1];
}

export function isPackageSource(source: Source): boolean {
  return /^packages\/[^/]+\/src\//.test(source.path);
}

/** What reads like a package's source, and is never published: the benchmarks. */
export function isBenchSource(source: Source): boolean {
  return source.path.startsWith('bench/src/');
}

/** What people read first to learn how a program is written. */
export function isExampleSource(source: Source): boolean {
  return source.path.startsWith('examples/');
}

export function isBarrel(source: Source): boolean {
  return source.path.endsWith('/index.ts');
}

export function findingAt(source: Source, node: ts.Node, advice: string): Finding {
  const line = source.tree.getLineAndCharacterOfPosition(node.getStart(source.tree)).line + 1;
  return findingOnLine(source, line, advice);
}

export function findingOnLine(source: Source, line: number, advice: string): Finding {
  const text = source.text.split('\n')[line - 1] ?? '';
  return { path: source.path, line, text: text.trim(), advice };
}

export function describeFinding({ path, line, text, advice }: Finding): string {
  return `${path}:${line}: ${text}\n    ${advice}`;
}

/** Calls `visit` for every node below `node`. Comments are no nodes, and a string never looks like code. */
export function walk(node: ts.Node, visit: (node: ts.Node) => void): void {
  ts.forEachChild(node, (child) => {
    visit(child);
    walk(child, visit);
  });
}

/** Static imports, re-exports, dynamic imports and `import('…').Type`. */
export function importsOf(source: Source): Import[] {
  const imports: Import[] = [];
  walk(source.tree, (node) => {
    const specifier = specifierOf(node);
    if (specifier !== undefined && ts.isStringLiteralLike(specifier)) {
      imports.push({ specifier: specifier.text, node: specifier });
    }
  });
  return imports;
}

function specifierOf(node: ts.Node): ts.Node | undefined {
  if (ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) return node.moduleSpecifier;
  if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) return node.arguments[0];
  if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)) return node.argument.literal;
  return undefined;
}
