// Which Chromium the tests use: the one that CHROMIUM_PATH names, or the one that comes inside the npm package
// @sparticuz/chromium, with the libraries that it needs beside Node's. Nothing has to be installed for that one; it is for
// Linux on x64.

import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

/** A Chromium that can be started. */
export interface Chromium {
  readonly path: string;
  /** What its environment must hold in addition. */
  readonly env: Readonly<Record<string, string>>;
}

/** Finds the Chromium; unpacks it when it is needed for the first time, which takes some seconds. */
export async function findChromium(): Promise<Chromium> {
  const { CHROMIUM_PATH: path } = process.env;
  if (path !== undefined && path !== '') {
    if (!existsSync(path)) throw new Error(`CHROMIUM_PATH names ${path}, and there is no such file`);
    return { path, env: {} };
  }
  if (process.platform !== 'linux' || process.arch !== 'x64') {
    throw new Error('the packaged Chromium is for Linux on x64; let CHROMIUM_PATH name the one of this machine');
  }
  const folder = await unpack();
  return {
    path: join(folder, 'chromium'),
    env: { LD_LIBRARY_PATH: join(folder, 'al2023/lib'), FONTCONFIG_FILE: join(folder, 'fonts.conf') },
  };
}

async function unpack(): Promise<string> {
  const root = fileURLToPath(new URL('../../../node_modules/', import.meta.url));
  const manifest = JSON.parse(readFileSync(join(root, '@sparticuz/chromium/package.json'), 'utf8'));
  const folder = join(root, '.cache', `holdfast-chromium-${manifest.version}`);
  if (existsSync(folder)) return folder;
  mkdirSync(dirname(folder), { recursive: true });
  // Test files run side by side: each unpacks to a place of its own, and the first one's counts.
  const temporary = mkdtempSync(`${folder}-`);
  const program = "import chromium from '@sparticuz/chromium'; await chromium.executablePath();";
  try {
    // The package unpacks to the folder for temporary files of its process, and its libraries only where it believes to be in
    // the place that it was made for.
    const env = { ...process.env, TMPDIR: temporary, AWS_LAMBDA_JS_RUNTIME: 'nodejs20.x' };
    await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', program], {
      cwd: dirname(root),
      env,
    });
    writeFileSync(join(temporary, 'fonts.conf'), fontsConfig(folder));
    renameSync(temporary, folder);
  } catch (error) {
    if (!existsSync(folder)) throw error;
  } finally {
    rmSync(temporary, { recursive: true, force: true });
  }
  return folder;
}

function fontsConfig(folder: string): string {
  return `<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig><dir>${folder}/fonts</dir><dir>/usr/share/fonts</dir><cachedir>${folder}/fonts-cache</cachedir></fontconfig>
`;
}
