// The kill test. Goal: what is on disk survives everything, and is handled once and in order. Method: a device and an
// agent, each with its store, are killed with SIGKILL again and again while messages flow, and the files that they leave
// are compared with what must be in them.
//
// KILL_LOOPS says how many runs there are, KILL_SEED repeats the one whose seed is in the name of a failed test (the
// operating system decides the last milliseconds, so not every repetition fails alike).

import { afterAll, describe, expect, test } from 'vitest';
import { acknowledgedUpTo, readCalls, readEffects, readNotes } from './kill-files.js';
import { KillRun } from './kill-run.js';

const DEVICE = new URL('fixtures/kill-device.mjs', import.meta.url);
const AGENT = new URL('fixtures/kill-agent.mjs', import.meta.url);
const LOOPS = Number(process.env.KILL_LOOPS ?? 20);
const FIRST_SEED = Number(process.env.KILL_SEED ?? Date.now() % 1_000_000_000);
const TOTAL = 5_000;
const KILLS = 6;
/** More calls than this can not be under way when an agent is killed: its credit for one device. */
const IN_FLIGHT_MAX = 1_024;

const seeds = Array.from({ length: LOOPS }, (_, index) => FIRST_SEED + index);

describe(`${TOTAL} messages, device and agent killed ${KILLS} times or more`, () => {
  test.each(seeds)('nothing stored is lost, nothing is done twice, order is kept (seed %i)', async (seed) => {
    /** For each life of the agent but the first: the highest message that its device knew to be handled before it began. */
    const acknowledgedBefore: number[] = [];
    const onAgentGone = (folder: string) => acknowledgedBefore.push(acknowledgedUpTo(folder));
    const run = new KillRun({ seed, device: DEVICE, agent: AGENT, total: TOTAL, kills: KILLS, onAgentGone });
    try {
      await run.run();
      checkEffects(run.folder);
      checkCalls(run.folder, acknowledgedBefore);
    } finally {
      await run.dispose();
    }
  });
});

/** Every number up to the last one has had its effect, once, in order, with the content that was stored under it. */
function checkEffects(folder: string): void {
  const notes = readNotes(folder);
  const effects = readEffects(folder);
  const last = Math.max(...notes.map((note) => note.last));
  expect(last).toBe(TOTAL);
  expect(effects.map((effect) => effect.number)).toEqual(Array.from({ length: TOTAL }, (_, index) => index + 1));
  expect(new Set(effects.map((effect) => effect.epoch)).size).toBe(1);
  for (const { number, said } of effects) expect(said).toBe(number);

  let storedUpTo = 0;
  for (const { kind, life, first, last: upTo } of notes) {
    // A device that starts finds everything in its outbox that its earlier lives knew to be stored.
    if (kind === 'started') expect(first).toBeGreaterThan(storedUpTo);
    if (kind !== 'stored') continue;
    storedUpTo = upTo;
    for (let number = first; number <= upTo; number++) expect(effects[number - 1]?.deviceLife).toBe(life);
  }
}

/** The handler may be called again only for what was under way when the agent was killed. */
function checkCalls(folder: string, acknowledgedBefore: readonly number[]): void {
  const lives = new Map<number, number[]>();
  for (const { agentLife, number } of readCalls(folder))
    lives.set(agentLife, [...(lives.get(agentLife) ?? []), number]);
  let calledUpTo = 0;
  for (const [life, numbers] of lives) {
    const first = numbers[0] as number;
    expect(numbers).toEqual(numbers.map((_, index) => first + index));
    expect(first).toBeLessThanOrEqual(calledUpTo + 1);
    expect(first).toBeGreaterThan(life === 1 ? 0 : (acknowledgedBefore[life - 2] as number));
    expect(calledUpTo + 1 - first).toBeLessThanOrEqual(IN_FLIGHT_MAX);
    repeatedCalls += calledUpTo + 1 - first;
    calledUpTo = numbers.at(-1) as number;
  }
}

let repeatedCalls = 0;
afterAll(() => {
  // With many runs, kills must have hit the moment between the work and the record at least once.
  if (LOOPS >= 20) expect(repeatedCalls).toBeGreaterThan(0);
});
