// The arithmetic of measured values: few values, taken in rounds on a machine that does other things too. So medians and
// extremes, never means.

/** What a list of values comes to. */
export interface Summary {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

/**
 * The value below which the given share of all values lies, between two neighbours by interpolation.
 *
 * @param values - at least one, in any order
 * @param share - from 0 to 1
 * @throws RangeError when there is no value or the share is out of range
 */
export function percentile(values: ArrayLike<number>, share: number): number {
  if (values.length === 0) throw new RangeError('a percentile needs at least one value');
  if (!(share >= 0 && share <= 1)) throw new RangeError(`a share is from 0 to 1, not ${share}`);
  const sorted = Float64Array.from(values).sort();
  const place = share * (sorted.length - 1);
  const below = sorted[Math.floor(place)] ?? 0;
  const above = sorted[Math.ceil(place)] ?? 0;
  return below + (above - below) * (place - Math.floor(place));
}

/** The middle value, or the mean of the two in the middle. @throws RangeError when there is no value */
export function median(values: ArrayLike<number>): number {
  return percentile(values, 0.5);
}

/** Median, least and largest value. @throws RangeError when there is no value */
export function summarize(values: ArrayLike<number>): Summary {
  return { median: median(values), min: percentile(values, 0), max: percentile(values, 1) };
}

/**
 * The median of the ratios of two contestants, round by round. What slows a machine down for a while slows both down in
 * that round, so this is steadier than the ratio of two medians.
 *
 * @throws RangeError when there is no round, or the two have not met in every round
 */
export function pairedRatio(values: readonly number[], references: readonly number[]): number {
  if (values.length !== references.length) throw new RangeError('both need a value for every round');
  return median(values.map((value, round) => value / (references[round] ?? Number.NaN)));
}
