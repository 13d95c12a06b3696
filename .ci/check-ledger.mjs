// Holds the demo's ledger against what it is there to show: the reliable channel loses and repeats nothing, and both plain
// ways lose something; a storm in which they do not is too mild to prove anything.
import { readFileSync } from 'node:fs';

const { seed, readings, ways } = JSON.parse(readFileSync(process.argv[2], 'utf8'));
const { waitTilSent, waitForAck, reliableChannel } = ways;
const flawless = { accepted: readings, delivered: readings, lost: 0, duplicated: 0, inOrder: true };
const holds =
  readings === 22_695 &&
  JSON.stringify(reliableChannel) === JSON.stringify(flawless) &&
  waitTilSent.lost > 0 &&
  waitForAck.lost > 0;
console.log(`seed ${seed}: ${JSON.stringify(ways)}`);
if (!holds) {
  console.error('the ledger does not show what it must');
  process.exitCode = 1;
}
