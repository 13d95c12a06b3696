// Who may import whom: between packages, inside a core, and which file is the home of which library.
import { posix } from 'node:path';
import {
  type Check,
  type Finding,
  findingAt,
  type Import,
  importsOf,
  isPackageSource,
  packageOf,
  type Source,
} from './source.js';

/** The direction of imports. A package is allowed what its row names and nothing else. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  protocol: [],
  transport: ['protocol'],
  'reliable-channel': ['protocol', 'transport'],
  agent: ['protocol', 'transport', 'reliable-channel'],
  simulator: ['protocol', 'transport', 'reliable-channel', 'agent'],
  cli: ['protocol', 'transport', 'reliable-channel', 'agent', 'simulator'],
};

/** Libraries that only the named files may import, so that one file changes when the library does. */
const LIBRARY_HOMES: Readonly<Record<string, readonly RegExp[]>> = {
  lmdb: [/^packages\/reliable-channel\/src\/stores\/lmdb\.ts$/],
  'idb-keyval': [/^packages\/reliable-channel\/src\/stores\/idb\.ts$/],
  // Each end of a WebSocket in Node.
  ws: [/^packages\/transport\/src\/links\/websocket-node\.ts$/, /^packages\/agent\/src\/listeners\/websocket\.ts$/],
  '@opentelemetry/api': [
    /^packages\/reliable-channel\/src\/telemetry\/channel-metrics\.ts$/,
    /^packages\/reliable-channel\/src\/telemetry\/message-spans\.ts$/,
    /^packages\/reliable-channel\/src\/telemetry\/opentelemetry\.ts$/,
    /^packages\/agent\/src\/telemetry\/agent-metrics\.ts$/,
    /^packages\/agent\/src\/telemetry\/opentelemetry\.ts$/,
  ],
};

function findImports(sources: readonly Source[], advise: (source: Source, found: Import) => string | undefined) {
  return sources.flatMap((source) =>
    importsOf(source).flatMap((found): Finding[] => {
      const advice = advise(source, found);
      return advice === undefined ? [] : [findingAt(source, found.node, advice)];
    }),
  );
}

/** `transport` for `@holdfast/transport/tcp`. */
function siblingOf(specifier: string): string | undefined {
  return /^@holdfast\/([^/]+)/.exec(specifier)?.[1];
}

/** `@types/node` for `@types/node/fs`, `lmdb` for `lmdb`, `undefined` for our own files and Node's modules. */
function libraryOf(specifier: string): string | undefined {
  if (/^(\.|#|node:)/.test(specifier)) return undefined;
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');
}

/** Where a relative import leads, from the root of the repository. */
function targetOf(source: Source, specifier: string): string {
  return posix.join(posix.dirname(source.path), specifier);
}

/** Packages import in one direction. A package's tests may use the simulator as well. */
export const packagesImportInOneDirection: Check = (sources) =>
  findImports(sources, (source, { specifier }) => {
    const from = packageOf(source.path);
    const to = siblingOf(specifier);
    if (from === undefined || to === undefined) return undefined;
    const allowed = MAY_IMPORT[from] ?? [];
    if (allowed.includes(to)) return undefined;
    if (!isPackageSource(source) && (to === 'simulator' || to === from)) return undefined;
    if (to === from) return 'Import a file of the same package by its relative path.';
    return `${from} may import ${allowed.join(', ') || 'no other package'}. Move the code to where both can reach it.`;
  });

/** A package is reached by its name, because a relative path would go around its exports. */
export const packagesAreImportedByName: Check = (sources) =>
  findImports(sources, (source, { specifier }) => {
    if (!specifier.startsWith('.')) return undefined;
    const target = packageOf(targetOf(source, specifier));
    if (target === undefined || target === packageOf(source.path)) return undefined;
    return `Import @holdfast/${target} instead, and export there what is missing.`;
  });

/** What lies outside the packages sees what a user sees. Only tests, and benchmarks of a core's parts, may look at one. */
export const outsidersUsePublicDoors: Check = (sources) =>
  findImports(sources, (source, { specifier }) => {
    if (packageOf(source.path) !== undefined || siblingOf(specifier) === undefined) return undefined;
    if (/\/(src|dist|build)(\/|$)/.test(specifier)) return 'Import one of the doors in the exports of that package.';
    if (/\/core$/.test(specifier) && !/^(test|bench\/src\/micro)\//.test(source.path)) {
      return 'Cores are for tests and ports. Import the package itself.';
    }
    return undefined;
  });

/** A core sees nothing but cores. */
export const coresImportOnlyCores: Check = (sources) =>
  findImports(sources, (source, { specifier }) => {
    const core = /^packages\/([^/]+)\/src\/core\//.exec(source.path);
    if (core === null) return undefined;
    if (specifier.startsWith('.') && targetOf(source, specifier).startsWith(core[0])) return undefined;
    const sibling = /^@holdfast\/([^/]+)\/core$/.exec(specifier)?.[1];
    if (sibling !== undefined && MAY_IMPORT[core[1] ?? '']?.includes(sibling)) return undefined;
    return 'A core imports files of its own core and @holdfast/<sibling>/core. Let the shell pass in what is missing.';
  });

/** Each library has one home. */
export const librariesStayAtHome: Check = (sources) => {
  const taken = new Map<RegExp, string>();
  return findImports(sources.filter(isPackageSource), (source, { specifier }) => {
    const homes = LIBRARY_HOMES[libraryOf(specifier) ?? ''];
    if (homes === undefined) return undefined;
    const home = homes.find((pattern) => pattern.test(source.path));
    if (home === undefined) return `${specifier} belongs in ${homes.map((pattern) => pattern.source).join(' or ')}.`;
    const key = home;
    const first = taken.get(key) ?? source.path;
    taken.set(key, first);
    return first === source.path
      ? undefined
      : `${specifier} is at home in ${first} already. Use what that file offers.`;
  });
};

/** A package declares what it imports; in a workspace an undeclared one would be found by accident. */
export function importsAreDeclared(dependencies: Readonly<Record<string, readonly string[]>>): Check {
  return (sources) =>
    findImports(sources.filter(isPackageSource), (source, { specifier }) => {
      const library = libraryOf(specifier);
      const name = packageOf(source.path) ?? '';
      if (library === undefined || library === `@holdfast/${name}` || dependencies[name]?.includes(library)) {
        return undefined;
      }
      return `Add ${library} to the dependencies in packages/${name}/package.json.`;
    });
}
