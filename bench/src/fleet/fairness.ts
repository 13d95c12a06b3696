// Whether many who want the same got the same.

/**
 * The throughput of the slowest over that of the fastest: 1 is fair, close to 0 means that somebody waited for all others.
 *
 * @param doneMs - when each had the same amount of work done, from a common beginning; at least one, all above 0
 */
export function fairness(doneMs: ArrayLike<number>): number {
  const sorted = Float64Array.from(doneMs).sort();
  const [first, last] = [sorted[0], sorted.at(-1)];
  if (first === undefined || last === undefined || !(first > 0)) throw new RangeError('fairness needs times above 0');
  return first / last;
}
