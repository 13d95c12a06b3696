// Rounds: A B C, A B C, A B C. What the machine does beside us changes over minutes; interleaved, it hits all alike.

/** Somebody who can be measured again and again. */
export interface Contestant {
  readonly name: string;
  /** One measurement. Called once before the rounds, to warm up, and then once a round. */
  measure(): Promise<number>;
}

/**
 * Measures every contestant once a round, after one that does not count.
 *
 * @returns one value a round, by name
 */
export async function interleave(
  contestants: readonly Contestant[],
  rounds: number,
  onMeasured: (name: string, round: number) => void = () => {},
): Promise<ReadonlyMap<string, readonly number[]>> {
  const values = new Map<string, number[]>(contestants.map(({ name }) => [name, []]));
  for (let round = 0; round <= rounds; round += 1) {
    for (const contestant of contestants) {
      const value = await contestant.measure();
      if (round > 0) values.get(contestant.name)?.push(value);
      onMeasured(contestant.name, round);
    }
  }
  return values;
}
