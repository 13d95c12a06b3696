#!/usr/bin/env node
// Starts the built command line. In a fresh clone there is none yet, which deserves a better answer than a stack trace.
import { existsSync } from 'node:fs';

const main = new URL(import.meta.resolve('#main'));

if (existsSync(main)) {
  await import(main.href);
} else {
  console.error('holdfast is not built: run npm run build first');
  process.exitCode = 1;
}
