// The whole demo, smaller: the real processes, the real storm, and the ledger as a script would read it.

import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, describe, expect, it } from 'vitest';

const run = promisify(execFile);
const ROOT = join(import.meta.dirname, '../../../..');
const CLI = join(ROOT, 'packages/cli/bin/holdfast.js');
const ALL_READINGS = join(ROOT, 'examples/data/machine_temperature_system_failure.csv');
const folder = mkdtempSync(join(tmpdir(), 'holdfast-demo-test-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** The processes that a process has started, by Linux's own list. */
function processesBelow(pid: number | undefined): string[] {
  return readdirSync('/proc').filter((entry) => {
    if (!/^\d+$/.test(entry)) return false;
    try {
      return readFileSync(`/proc/${entry}/status`, 'utf8').includes(`PPid:\t${pid}\n`);
    } catch {
      return false; // It has ended in between.
    }
  });
}

describe('holdfast demo', () => {
  it('loses nothing with the reliable channel, and something with both plain ways', async () => {
    const csv = join(folder, 'readings.csv');
    const json = join(folder, 'ledger.json');
    const report = join(folder, 'report.html');
    const readings = 10_000;
    writeFileSync(
      csv,
      readFileSync(ALL_READINGS, 'utf8')
        .split('\n')
        .slice(0, readings + 1)
        .join('\n'),
    );
    const args = [CLI, 'demo', '--csv', csv, '--seed', '7', '--json', json, '--report', report];
    const { stdout } = await run(process.execPath, args);
    const ledger = JSON.parse(readFileSync(json, 'utf8'));
    expect(ledger).toMatchObject({ seed: 7, readings });
    expect(ledger.ways.reliableChannel).toEqual({
      accepted: readings,
      delivered: readings,
      lost: 0,
      duplicated: 0,
      inOrder: true,
    });
    expect(ledger.ways.waitTilSent.lost).toBeGreaterThan(0);
    expect(ledger.ways.waitForAck.lost).toBeGreaterThan(0);
    expect(stdout).toContain('lost nothing, repeated nothing and kept the order');
    expect(readFileSync(report, 'utf8')).toContain('</svg>');
  });

  it.runIf(process.platform === 'linux')('ends all its processes on Ctrl-C, and says so', async () => {
    const child = spawn(process.execPath, [CLI, 'demo', '--report', join(folder, 'never.html')]);
    let shown = '';
    let said = '';
    child.stdout.on('data', (bytes) => {
      shown += bytes;
    });
    child.stderr.on('data', (bytes) => {
      said += bytes;
    });
    // The first progress line: everything runs.
    await expect.poll(() => shown).toContain('delivered of');
    const workers = processesBelow(child.pid);
    expect(workers).toHaveLength(9);
    child.kill('SIGINT');
    const [code] = await once(child, 'exit');
    expect(code).toBe(130);
    expect(said).toBe('holdfast: the demo was ended early; nothing of it is left running\n');
    expect(workers.filter((pid) => existsSync(`/proc/${pid}`))).toEqual([]);
    expect(existsSync(join(folder, 'never.html'))).toBe(false);
  });

  it('sends nothing when a row is bad, and names it', async () => {
    const csv = join(folder, 'bad.csv');
    writeFileSync(csv, 'timestamp,value\n2013-12-02,1\n2013-12-03,warm\n');
    const failure = await run(process.execPath, [CLI, 'demo', '--csv', csv]).catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: 1, stdout: '' });
    expect((failure as { stderr: string }).stderr).toContain(`${csv}, line 3`);
  });
});
