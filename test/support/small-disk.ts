// A disk of a few megabytes that really becomes full: a tmpfs, which only root can mount. Tests skip themselves, and say so,
// where that is not permitted.

import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Why no disk can be mounted here, in one line, or `undefined` when one can. */
export function smallDiskFault(): string | undefined {
  if (process.platform !== 'linux') return 'only Linux has tmpfs';
  try {
    new SmallDisk(1).unmount();
    return undefined;
  } catch (error) {
    const { stderr } = error as { stderr?: Buffer };
    return `this user may not mount a tmpfs: ${(stderr?.toString() ?? String(error)).trim().split('\n')[0]}`;
  }
}

/** A mounted disk. */
export class SmallDisk {
  readonly folder: string;
  readonly #root: string;

  constructor(mebibytes: number) {
    this.#root = mkdtempSync(join(tmpdir(), 'holdfast-disk-'));
    this.folder = join(this.#root, 'disk');
    try {
      mkdirSync(this.folder);
      execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${mebibytes}m`, 'tmpfs', this.folder], { stdio: 'pipe' });
    } catch (error) {
      rmSync(this.#root, { recursive: true });
      throw error;
    }
  }

  get freeBytes(): number {
    const { bavail, bsize } = statfsSync(this.folder);
    return bavail * bsize;
  }

  /** Takes away room, until `release`. */
  occupy(bytes: number): void {
    writeFileSync(join(this.folder, 'ballast'), Buffer.alloc(bytes, 1));
  }

  /** Gives the occupied room back. */
  release(): void {
    rmSync(join(this.folder, 'ballast'), { force: true });
  }

  /** Nobody must use it any more. */
  unmount(): void {
    execFileSync('umount', [this.folder], { stdio: 'pipe' });
    rmSync(this.#root, { recursive: true });
  }
}
