// The kill storm. Goal: the ledger of a long stream adds up to the message, whatever dies and when. Method: 50,000 messages
// over three lanes of different priorities, some of which the handler refuses for good, while device and agent are killed with
// SIGKILL at a hundred random moments; then the files that all their lives left are added up.
//
// KILL_SEED repeats the run whose seed is in the name of a failed test (the operating system decides the last milliseconds, so
// not every repetition fails alike).

import { describe, expect, test } from 'vitest';
import { KillRun } from './kill-run.js';
import { endedUpTo, readCalls, readDeadLetters, readEffects, readNotes } from './storm-ledger.js';

const DEVICE = new URL('fixtures/storm-device.mjs', import.meta.url);
const AGENT = new URL('fixtures/storm-agent.mjs', import.meta.url);
const SEED = Number(process.env.KILL_SEED ?? Date.now() % 1_000_000_000);
const KILLS = 100;
/** Messages of each lane. */
const LANES = { alarms: 5_000, readings: 35_000, log: 10_000 };
const NAMES = Object.keys(LANES) as (keyof typeof LANES)[];
const TOTAL = LANES.alarms + LANES.readings + LANES.log;
/** The handler refuses each message whose number this divides. */
const REFUSED_EVERY = 101;
/** More calls of one lane than this can not be under way when an agent is killed: its credit for one device. */
const IN_FLIGHT_MAX = 1_024;

const numbers = (last: number): number[] => Array.from({ length: last }, (_, index) => index + 1);
const isRefused = (number: number): boolean => number % REFUSED_EVERY === 0;

describe(`${TOTAL} messages over three lanes, device and agent killed at ${KILLS} moments`, () => {
  test(`the ledger adds up, lanes keep their order, nothing is done twice (seed ${SEED})`, {
    timeout: 480_000,
  }, async () => {
    /** For each life of the agent but the first: what its device knew to be over before it began. */
    const endedBefore: Record<string, number>[] = [];
    const onAgentGone = (folder: string) => endedBefore.push(endedUpTo(folder, NAMES));
    const run = new KillRun({ seed: SEED, device: DEVICE, agent: AGENT, total: TOTAL, kills: KILLS, onAgentGone });
    try {
      await run.run();
      expect(run.killCount).toBeGreaterThanOrEqual(KILLS);
      checkLedger(run.folder);
      checkNotes(run.folder);
      const repeated = NAMES.reduce((count, lane) => count + checkCalls(run.folder, lane, endedBefore), 0);
      // Kills must have hit the moment between the work and the record.
      expect(repeated).toBeGreaterThan(0);
    } finally {
      await run.dispose();
    }
  });
});

/** Every message was done, or refused and kept as a dead letter: one of the two, once, in the order of its lane. */
function checkLedger(folder: string): void {
  const effects = readEffects(folder);
  const letters = readDeadLetters(folder);
  expect(effects.length + letters.length).toBe(TOTAL);
  expect(new Set(effects.map(({ epoch }) => epoch)).size).toBe(1);
  for (const { lane, number, saidLane, saidNumber } of effects) expect([saidLane, saidNumber]).toEqual([lane, number]);
  for (const { number, saidNumber } of letters) expect(saidNumber).toBe(number);
  expect(new Set(letters.map(({ status }) => status))).toEqual(new Set(['rejected']));
  for (const lane of NAMES) {
    const all = numbers(LANES[lane]);
    const done = effects.filter((effect) => effect.lane === lane).map(({ number }) => number);
    expect(done).toEqual(all.filter((number) => !isRefused(number)));
    const dead = letters.filter((letter) => letter.lane === lane).map(({ number }) => number);
    expect(dead).toEqual(all.filter(isRefused));
  }
}

/** The device was never told of two ends of one message, nor of a wrong one, and what it knew to be stored was there. */
function checkNotes(folder: string): void {
  const effects = readEffects(folder);
  const notes = readNotes(folder);
  for (const lane of NAMES) {
    const lifeOf = new Map(effects.filter((effect) => effect.lane === lane).map((e) => [e.number, e.deviceLife]));
    let storedUpTo = 0;
    for (const { kind, life, first, last } of notes.filter((note) => note.lane === lane)) {
      // A device that starts finds everything in its outbox that its earlier lives knew to be stored.
      if (kind === 'started') expect(first).toBeGreaterThan(storedUpTo);
      if (kind === 'started') continue;
      if (kind === 'stored') storedUpTo = last;
      for (let number = first; number <= last; number++) {
        if (kind === 'stored' && !isRefused(number)) expect(lifeOf.get(number)).toBe(life);
        if (kind !== 'stored')
          expect([number, kind]).toEqual([number, isRefused(number) ? 'rejected' : 'acknowledged']);
      }
    }
    expect(storedUpTo).toBe(LANES[lane]);
  }
}

/**
 * The handler is called in order, and again only for what was under way when the agent was killed. Returns how many calls
 * were repeated.
 */
function checkCalls(folder: string, lane: string, endedBefore: readonly Record<string, number>[]): number {
  const lives = new Map<number, number[]>();
  for (const call of readCalls(folder)) {
    if (call.lane !== lane) continue;
    const called = lives.get(call.agentLife);
    if (called === undefined) lives.set(call.agentLife, [call.number]);
    else called.push(call.number);
  }
  let calledUpTo = 0;
  let repeatedCalls = 0;
  for (const [life, called] of lives) {
    const first = called[0] as number;
    expect(called).toEqual(called.map((_, index) => first + index));
    expect(first).toBeLessThanOrEqual(calledUpTo + 1);
    expect(first).toBeGreaterThan(life === 1 ? 0 : (endedBefore[life - 2]?.[lane] as number));
    expect(calledUpTo + 1 - first).toBeLessThanOrEqual(IN_FLIGHT_MAX);
    repeatedCalls += calledUpTo + 1 - first;
    calledUpTo = called.at(-1) as number;
  }
  expect(calledUpTo).toBe(LANES[lane as keyof typeof LANES]);
  return repeatedCalls;
}
