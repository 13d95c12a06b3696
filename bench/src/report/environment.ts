// Where figures come from: without it nobody can compare two of them.

import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { availableParallelism, cpus, loadavg, totalmem } from 'node:os';
import { dirname, join } from 'node:path';

/** The machine, the runtime, and the versions of what was measured. */
export interface Environment {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryMiB: number;
  readonly platform: string;
  readonly node: string;
  /** Processes that wanted a processor over the last minute, when the run began. Above `cores`, figures are rough. */
  readonly loadAverage: number;
  readonly versions: Readonly<Record<string, string>>;
}

/** Looks around. @param packages - the packages whose versions matter, each installed for this workspace */
export function readEnvironment(packages: readonly string[]): Environment {
  return {
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cores: availableParallelism(),
    memoryMiB: Math.round(totalmem() / 2 ** 20),
    platform: `${process.platform} ${process.arch}`,
    node: process.version,
    loadAverage: loadavg()[0] ?? 0,
    versions: Object.fromEntries(packages.map((name) => [name, versionOf(name)])),
  };
}

const require = createRequire(import.meta.url);

/** Not every package opens its package.json to others, so the folders above its main file are searched. */
function versionOf(name: string): string {
  let folder = dirname(require.resolve(name));
  for (;;) {
    const manifest = manifestIn(folder);
    if (manifest?.name === name && manifest.version !== undefined) return manifest.version;
    const above = dirname(folder);
    if (above === folder) throw new Error(`${name} is installed without a package.json that tells its version`);
    folder = above;
  }
}

function manifestIn(folder: string): { readonly name?: string; readonly version?: string } | undefined {
  try {
    return JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  } catch {
    return undefined;
  }
}
