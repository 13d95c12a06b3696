// Plays one case of a file of vectors: feeds its steps and collects what came out of each.

import type { CreatePlayer, Json, JsonObject } from './players/player.js';

/** One step: an input, every output it must have, and what can be seen of the core afterwards. */
export interface Step {
  readonly atMs?: number;
  readonly input: JsonObject;
  readonly outputs: readonly Json[];
  /** The values named here must be as they are here. */
  readonly state?: JsonObject;
}

/** One behaviour. */
export interface Case {
  readonly title: string;
  /** Where the behaviour is specified: file and heading. */
  readonly spec: readonly string[];
  readonly note?: string;
  readonly options: JsonObject;
  /** What the core draws from its source of randomness, in order: all of it, and nothing more. */
  readonly random?: readonly number[];
  readonly steps: readonly Step[];
}

/** A file of vectors. */
export interface VectorFile {
  readonly $schema: string;
  readonly core: string;
  readonly about: string;
  readonly cases: readonly Case[];
}

/** The steps of a case as they really went. Throws when the core draws more or less than the case lists. */
export function playCase(createPlayer: CreatePlayer, { options, random = [], steps }: Case): Step[] {
  let drawn = 0;
  const player = createPlayer(options, () => {
    const value = random[drawn++];
    if (value === undefined) throw new Error('the core draws more random numbers than the case lists');
    return value;
  });
  let atMs = 0;
  const played = steps.map((step): Step => {
    atMs = step.atMs ?? atMs;
    const outputs = plain(player.play(step.input, atMs)) as Json[];
    const seen = plain(player.state()) as JsonObject;
    const state = Object.fromEntries(Object.keys(step.state ?? {}).map((key) => [key, seen[key] ?? null]));
    return { ...step, outputs, ...(step.state !== undefined && { state }) };
  });
  if (drawn < random.length) throw new Error('the core draws fewer random numbers than the case lists');
  return played;
}

/** What another language would see: no fields without a value. */
function plain(value: unknown): Json {
  return JSON.parse(JSON.stringify(value)) as Json;
}
