// Each source file has a test of its own at the mirrored path, so that nobody has to search for it.
import ts from 'typescript';
import { type Check, type Finding, findingOnLine, isBarrel, isPackageSource, type Source } from './source.js';

/**
 * `coveredBy` names, for a source file without a mirrored test, the test that covers it. An entry that is no longer
 * needed, or that leads nowhere, is a finding too.
 */
export function sourcesHaveTests(coveredBy: Readonly<Record<string, string>>): Check {
  return (sources) => {
    const paths = new Set(sources.map(({ path }) => path));
    const untested = sources.filter((source) => needsTest(source) && !paths.has(mirrorOf(source.path)));
    const findings: Finding[] = [];
    for (const source of untested) {
      const cover = coveredBy[source.path];
      if (cover === undefined) findings.push(findingOnLine(source, 1, `Write ${mirrorOf(source.path)}.`));
      else if (!paths.has(cover)) findings.push(findingOnLine(source, 1, `There is no ${cover}, said to cover this.`));
    }
    const open = new Set(untested.map(({ path }) => path));
    for (const [path, cover] of Object.entries(coveredBy)) {
      const advice = 'It needs no cover by another test: remove this entry.';
      if (!open.has(path)) findings.push({ path, line: 1, text: `covered by ${cover}`, advice });
    }
    return findings;
  };
}

function mirrorOf(path: string): string {
  return path.replace('/src/', '/test/').replace(/\.ts$/, '.test.ts');
}

/** Barrels and files of types hold nothing that could be run. */
function needsTest(source: Source): boolean {
  return isPackageSource(source) && !isBarrel(source) && !source.tree.statements.every(isTypeOnly);
}

function isTypeOnly(statement: ts.Statement): boolean {
  return (
    ts.isInterfaceDeclaration(statement) ||
    ts.isTypeAliasDeclaration(statement) ||
    ts.isImportDeclaration(statement) ||
    (ts.isExportDeclaration(statement) && (statement.isTypeOnly || statement.moduleSpecifier !== undefined))
  );
}
