// @ts-check
// Reads what the page asks for. Whatever comes is somebody's bytes until it has passed this file.

/** @typedef {import('../page/site-state.js').SiteCommand} SiteCommand */

/** The longest round trip that can be asked for, in milliseconds. */
export const ROUND_TRIP_MAX_MS = 2_000;

/** @type {Readonly<Record<string, (value: unknown) => boolean>>} */
const FIELDS = {
  link: (value) => value === 'up' || value === 'cut' || value === 'hole',
  handling: (value) => value === 'now' || value === 'slow' || value === 'later',
  agent: (value) => value === 'running' || value === 'killed',
  roundTripMs: (value) => typeof value === 'number' && value >= 0 && value <= ROUND_TRIP_MAX_MS,
};

/**
 * A checked command.
 *
 * @param {string} text - JSON
 * @returns {SiteCommand}
 * @throws Error that names what is wrong
 */
export function readCommand(text) {
  const command = parse(text);
  if (typeof command !== 'object' || command === null || Array.isArray(command)) {
    throw new Error('a command is an object');
  }
  for (const [name, value] of Object.entries(command)) {
    // Own names alone: the text may hold `__proto__` and the like.
    if (!Object.hasOwn(FIELDS, name)) throw new Error('a command has the fields link, handling, agent, roundTripMs');
    if (!FIELDS[name]?.(value)) throw new Error(`${name} can not be set to that`);
  }
  return command;
}

/** @param {string} text */
function parse(text) {
  try {
    return JSON.parse(text);
  } catch {
    throw new Error('a command is JSON');
  }
}
