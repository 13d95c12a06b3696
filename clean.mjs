// Removes everything that `npm run build` writes.
import { readdirSync, rmSync } from 'node:fs';

const packages = new URL('packages/', import.meta.url);
for (const name of readdirSync(packages)) {
  for (const output of ['build', 'dist'])
    rmSync(new URL(`${name}/${output}`, packages), { recursive: true, force: true });
}
rmSync(new URL('bench/build', import.meta.url), { recursive: true, force: true });
