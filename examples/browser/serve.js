#!/usr/bin/env node
// @ts-check
// Serves the example page with an agent, until Ctrl-C:
//   npm run example:browser -- --port 8080

import { parseArgs } from 'node:util';
import { startSite } from './server/site.js';

const USAGE = 'usage: serve.js [--port PORT] [--inbox FOLDER]';

const options = readOptions();
if (options !== undefined) await serve(options);

/** @returns {{ port: number, inbox: string | undefined } | undefined} */
function readOptions() {
  try {
    const { values } = parseArgs({ options: { port: { type: 'string', default: '8080' }, inbox: { type: 'string' } } });
    const port = Number(values.port);
    if (!/^\d{1,5}$/.test(values.port) || port > 65_535) throw new Error('--port is a number from 0 to 65535');
    return { port, inbox: values.inbox };
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : error}; ${USAGE}`);
    process.exitCode = 2;
    return undefined;
  }
}

/** @param {{ port: number, inbox: string | undefined }} options */
async function serve(options) {
  try {
    const site = await startSite(options);
    console.log(`The example page is at ${site.url} until Ctrl-C.`);
    const close = () => void site.close();
    process.once('SIGINT', close);
    process.once('SIGTERM', close);
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 1;
  }
}
