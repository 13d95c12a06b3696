// Where the process begins and ends: the command line goes in, the exit code comes out.

import { readFileSync } from 'node:fs';
import { reportError, runProgram } from './program.js';

const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
  version: string;
};

// A reader of our output that has gone is no reason to crash: the commands look after what they must not lose.
process.stdout.on('error', () => {});
process.stderr.on('error', () => {});

process.on('uncaughtException', (error) => process.exit(reportError(error)));

process.exitCode = await runProgram(process.argv, version);
