#!/usr/bin/env node
// @ts-check
// Hosts one of the example programs on a device of this process:
//   node examples/impos/run.js transmitter --host 127.0.0.1 --port 7400

import { parseArgs } from 'node:util';
import { runDevice } from '@holdfast/transport/impos';
import { tcp } from '@holdfast/transport/tcp';
import { growBuffer } from './grow-buffer.js';
import { sendBlobs } from './send-blobs.js';
import { transmitter } from './transmitter.js';

const PROGRAMS = new Map([
  ['grow-buffer', growBuffer],
  ['send-blobs', sendBlobs],
  ['transmitter', transmitter],
]);
const USAGE = `usage: run.js ${[...PROGRAMS.keys()].join('|')} --port PORT [--host HOST] [--device ID] [--retry SECONDS] [--pause SECONDS]`;

try {
  start();
} catch (error) {
  console.error(`${error instanceof Error ? error.message : error}; ${USAGE}`);
  process.exitCode = 2;
}

function start() {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      host: { type: 'string', default: '127.0.0.1' },
      port: { type: 'string' },
      device: { type: 'string', default: 'imp' },
      retry: { type: 'string', default: '600' },
      pause: { type: 'string', default: '1' },
    },
  });
  const program = PROGRAMS.get(positionals[0] ?? '');
  if (program === undefined) throw new Error('name one of the programs');
  const [port, retryTime, pauseTime] = [Number(values.port), Number(values.retry), Number(values.pause)];
  if (!Number.isInteger(port) || port < 1 || port > 65_535) throw new Error('--port is a number from 1 to 65535');
  if (!(retryTime >= 0) || !(pauseTime >= 0)) throw new Error('--retry and --pause are seconds');
  const run = runDevice((device) => program(device, { retryTime, pauseTime }), {
    deviceId: values.device,
    link: tcp({ host: values.host, port }),
  });
  process.once('SIGINT', () => void run.stop());
}
