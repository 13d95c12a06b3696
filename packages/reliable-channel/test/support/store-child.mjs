// A program that opens a store and is killed. The mode is told on the command line:
//   hold   puts one record and holds the store until its input ends
//   count  commits one number after the other and prints each right after its commit
//   fill   the same, until a commit fails; prints the code of the failure, closes the store and ends by itself
import { createInterface } from 'node:readline';
import { lmdbStore } from '@holdfast/reliable-channel/lmdb';

const [mode, path] = process.argv.slice(2);
const store = await lmdbStore(path).open();
if (mode === 'hold') {
  await store.commit([{ type: 'put', key: 'held', value: new Uint8Array(10) }]);
  process.stdout.write('ready\n');
  for await (const _ of createInterface({ input: process.stdin })) {
    // Until the end.
  }
  await store.close();
} else {
  await countOn();
}

async function countOn() {
  const entries = await store.read({ from: 'n/', to: 'n~', maxBytes: Number.MAX_SAFE_INTEGER });
  process.stdout.write('ready\n');
  for (let number = entries.length; ; number++) {
    const key = number.toString().padStart(8, '0');
    const committed = store.commit([
      { type: 'put', key: `n/${key}`, value: new Uint8Array(2_000).fill(number) },
      { type: 'put', key: `twin/${key}`, value: new Uint8Array(2_000).fill(number) },
    ]);
    if (mode === 'fill' && (await isFailure(committed))) break;
    await committed;
    process.stdout.write(`${number}\n`);
  }
}

async function isFailure(committed) {
  try {
    await committed;
    return false;
  } catch (error) {
    process.stdout.write(`${error.code}: ${error.message}\n`);
    await store.close();
    return true;
  }
}
