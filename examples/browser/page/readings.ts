// The readings that the sensor sends: a real machine's, from a file of a head and a line for each.

/** One reading. */
export interface Reading {
  /** When it was taken, as the file says it. */
  readonly at: string;
  readonly celsius: number;
}

/** Reads the lines `timestamp,value` below the head; a line that is no reading is left out. */
export function parseReadings(csv: string): Reading[] {
  return csv
    .split('\n')
    .slice(1)
    .flatMap((line) => {
      const [at = '', value = ''] = line.trim().split(',');
      const celsius = Number(value);
      return at === '' || value === '' || !Number.isFinite(celsius) ? [] : [{ at, celsius }];
    });
}
