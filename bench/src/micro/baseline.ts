// Figures of an earlier time, to hold today's against. They are kept as multiples of the calibration, because no two
// machines are alike: a baseline from one says something on another.

/** Multiples of the calibration's time, by task. */
export type Baseline = Readonly<Record<string, number>>;

/** Nanoseconds of one unit, by task. */
export type Times = ReadonlyMap<string, number>;

/** Today's figures as a baseline. @throws RangeError when the calibration is missing */
export function baselineOf(times: Times, calibration: string): Baseline {
  const calibrationNs = times.get(calibration);
  if (calibrationNs === undefined) throw new RangeError(`${calibration} has not been measured`);
  const multiples = [...times].filter(([name]) => name !== calibration);
  return Object.fromEntries(multiples.map(([name, ns]) => [name, Number((ns / calibrationNs).toPrecision(4))]));
}

/** What the baseline makes one expect here, in nanoseconds; `undefined` for a task that it does not know. */
export function expectedNs(baseline: Baseline, name: string, calibrationNs: number): number | undefined {
  const multiple = Object.hasOwn(baseline, name) ? baseline[name] : undefined;
  return multiple === undefined ? undefined : multiple * calibrationNs;
}

/** The baseline in the text of its file. @throws Error that says what is wrong with it */
export function parseBaseline(text: string): Baseline {
  const parsed: unknown = JSON.parse(text);
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed))
    throw new Error('a baseline is an object');
  for (const [name, multiple] of Object.entries(parsed)) {
    if (typeof multiple !== 'number' || !(multiple > 0))
      throw new Error(`${name} must be a number above 0 in a baseline`);
  }
  return parsed as Baseline;
}
