// House style that the linter cannot express: names of files, comments, size, and what a module may hold.
import ts from 'typescript';
import {
  type Check,
  type Finding,
  findingAt,
  findingOnLine,
  isBarrel,
  isBenchSource,
  isExampleSource,
  isPackageSource,
  type Source,
} from './source.js';

const LINES_MAX = 320;

function hasHouseStyle(source: Source): boolean {
  return isPackageSource(source) || isBenchSource(source) || isExampleSource(source);
}

export const fileNamesAreKebabCase: Check = (sources) =>
  sources
    .filter(({ path }) => !path.split('/').every((part) => /^[a-z0-9]+(-[a-z0-9]+)*(\.[a-z0-9-]+)*$/.test(part)))
    .map((source) => findingOnLine(source, 1, 'Name files and folders in kebab-case.'));

export const filesStaySmall: Check = (sources) =>
  sources.filter(hasHouseStyle).flatMap((source) => {
    const count = source.text.trimEnd().split('\n').length;
    const advice = `${count} lines; at most ${LINES_MAX} are allowed. Move one of its subjects to a file of its own.`;
    return count > LINES_MAX ? [findingOnLine(source, LINES_MAX + 1, advice)] : [];
  });

export const filesOpenWithAComment: Check = (sources) =>
  sources
    .filter((source) => hasHouseStyle(source) && !/^(#!.*\n)?\/\/ /.test(source.text))
    .map((source) =>
      findingOnLine(source, 1, 'Open with // lines: what lives here, what does not, the one rule to know.'),
    );

export const modulesHoldNoState: Check = (sources) =>
  findStatements(sources, (statement) => {
    if (!ts.isVariableStatement(statement)) return undefined;
    if (statement.declarationList.flags & ts.NodeFlags.Const) return undefined;
    return 'A module holds no mutable state. Make it const, or a field of whatever owns it.';
  });

export const exportsAreNamed: Check = (sources) =>
  findStatements(sources, (statement) => {
    const isDefault =
      ts.isExportAssignment(statement) ||
      modifiersOf(statement).includes(ts.SyntaxKind.DefaultKeyword) ||
      exportedNames(statement).some(({ name }) => name.text === 'default');
    return isDefault ? 'Export it by name.' : undefined;
  });

export const enumsAreAbsent: Check = (sources) =>
  findStatements(sources, (statement) =>
    ts.isEnumDeclaration(statement) ? 'Use a union of strings, or a frozen object of constants.' : undefined,
  );

/** Every exported declaration has a doc comment. Of overloads one is enough. */
export const exportsAreDocumented: Check = (sources) =>
  sources
    .filter((source) => hasHouseStyle(source) && !isBarrel(source))
    .flatMap((source) => {
      const declarations = source.tree.statements.flatMap((statement) =>
        namesDeclaredBy(statement).map((name) => ({ name, statement })),
      );
      const documented = new Set(
        declarations.filter(({ statement }) => hasDoc(source, statement)).map(({ name }) => name),
      );
      const exportedLater = new Set(
        source.tree.statements.flatMap(exportedNames).map(({ propertyName, name }) => (propertyName ?? name).text),
      );
      return declarations
        .filter(({ name, statement }) => isExported(statement) || exportedLater.has(name))
        .filter(({ name }) => !documented.has(name))
        .map(({ name, statement }) => findingAt(source, statement, `Write a /** doc comment */ above ${name}.`));
    });

function findStatements(
  sources: readonly Source[],
  advise: (statement: ts.Statement) => string | undefined,
): Finding[] {
  return sources.filter(hasHouseStyle).flatMap((source) =>
    source.tree.statements.flatMap((statement) => {
      const advice = advise(statement);
      return advice === undefined ? [] : [findingAt(source, statement, advice)];
    }),
  );
}

function modifiersOf(statement: ts.Statement): ts.SyntaxKind[] {
  return ts.canHaveModifiers(statement) ? (ts.getModifiers(statement) ?? []).map(({ kind }) => kind) : [];
}

function isExported(statement: ts.Statement): boolean {
  return modifiersOf(statement).includes(ts.SyntaxKind.ExportKeyword);
}

/** The names in `export { a, b as c }`, with or without a `from`. */
function exportedNames(statement: ts.Statement): ts.ExportSpecifier[] {
  if (!ts.isExportDeclaration(statement) || !statement.exportClause) return [];
  return ts.isNamedExports(statement.exportClause) ? [...statement.exportClause.elements] : [];
}

function namesDeclaredBy(statement: ts.Statement): string[] {
  if (ts.isVariableStatement(statement)) {
    return statement.declarationList.declarations.map(({ name }) => name.getText());
  }
  const isDeclaration =
    ts.isFunctionDeclaration(statement) ||
    ts.isClassDeclaration(statement) ||
    ts.isInterfaceDeclaration(statement) ||
    ts.isTypeAliasDeclaration(statement);
  return isDeclaration && statement.name ? [statement.name.text] : [];
}

function hasDoc(source: Source, statement: ts.Statement): boolean {
  const comments = ts.getLeadingCommentRanges(source.text, statement.getFullStart()) ?? [];
  return comments.some(({ pos }) => source.text.startsWith('/**', pos));
}
