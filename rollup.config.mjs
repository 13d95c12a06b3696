// One build for all packages. `tsc -b` has written JavaScript and declarations to packages/*/build; this bundles both
// into packages/*/dist. The package manifests say which entries there are, so that no entry is listed twice.
import { readdirSync, readFileSync } from 'node:fs';
import { dts } from 'rollup-plugin-dts';

/**
 * Published entries of one package: `exports` are its doors, `imports` are entries that only its own files open. A door may
 * lead to another entry under the condition `node`.
 */
function entriesOf(folder) {
  const manifest = JSON.parse(readFileSync(`${folder}/package.json`, 'utf8'));
  const doors = Object.values({ ...manifest.exports, ...manifest.imports });
  return doors.flatMap((door) => [door, door.node]).filter((door) => door?.['@holdfast/source']);
}

/** Rollup's input map, from the name under dist to the file under build: `links/tcp` to `…/build/links/tcp.js`. */
function inputOf(folder, entries, condition, extension) {
  return Object.fromEntries(
    entries.map((door) => {
      const name = door[condition].slice('./dist/'.length, -extension.length);
      const built = door['@holdfast/source'].replace('./src/', `${folder}/build/`).replace(/\.ts$/, extension);
      return [name, built];
    }),
  );
}

function bundle(folder, entries, condition, extension, plugins) {
  return {
    input: inputOf(folder, entries, condition, extension),
    // Only what a package holds itself is bundled: siblings and libraries are its dependencies.
    external: (id) => /^[^./]/.test(id) || id.startsWith('node:'),
    plugins,
    output: {
      dir: `${folder}/dist`,
      format: 'es',
      entryFileNames: `[name]${extension}`,
      // A chunk of declarations is named after `x.d`, a chunk of code after `x`.
      chunkFileNames: (chunk) => `chunks/${chunk.name.replace(/\.d$/, '')}${extension}`,
    },
    onLog(level, log) {
      if (level === 'warn') throw new Error(`${folder}: ${log.message}`);
    },
  };
}

export default readdirSync('packages').flatMap((name) => {
  const folder = `packages/${name}`;
  const entries = entriesOf(folder);
  const typed = entries.filter((door) => door.types);
  const bundles = [bundle(folder, entries, 'default', '.js', [])];
  if (typed.length > 0) bundles.push(bundle(folder, typed, 'types', '.d.ts', [dts()]));
  return bundles;
});
