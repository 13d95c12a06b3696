// Where the lines of a small chart go. Time runs to the right and the newest value is at the right edge; a chart that has
// just begun fills up from there.

/** The plotting area, in units of the drawing. */
export interface ChartArea {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

/** What is drawn. */
export interface ChartData {
  /** Oldest first; `undefined` leaves a gap. */
  readonly values: readonly (number | undefined)[];
  /** So many values take the whole width; at least 2. */
  readonly capacity: number;
  /** The value at the top edge; above 0. */
  readonly max: number;
}

/** The next of 1, 2, 5, 10, 20, 50 and so on that is not below the value, nor below `least`. */
export function niceMax(value: number, least: number): number {
  const wanted = Math.max(value, least, 1);
  const power = 10 ** Math.floor(Math.log10(wanted));
  const step = [1, 2, 5].find((each) => each * power >= wanted) ?? 10;
  return step * power;
}

/** The line through the values, as the data of an SVG path; a value alone between gaps is a dot. */
export function linePath(data: ChartData, area: ChartArea): string {
  return runsOf(data, area)
    .map((points) => {
      const [first = '', ...rest] = points.map(([x, y]) => `${x} ${y}`);
      return `M${first}${rest.length === 0 ? 'h0' : rest.map((point) => `L${point}`).join('')}`;
    })
    .join('');
}

/** The area between the line and the bottom edge, as the data of an SVG path. */
export function fillPath(data: ChartData, area: ChartArea): string {
  const bottom = area.top + area.height;
  return runsOf(data, area)
    .map((points) => {
      const line = points.map(([x, y]) => `L${x} ${y}`).join('');
      return `M${points[0]?.[0]} ${bottom}${line}L${points.at(-1)?.[0]} ${bottom}Z`;
    })
    .join('');
}

type Point = readonly [x: number, y: number];

/** Values next to one another, as points. */
function runsOf({ values, capacity, max }: ChartData, { left, top, width, height }: ChartArea): Point[][] {
  const runs: Point[][] = [];
  let run: Point[] | undefined;
  for (const [index, value] of values.slice(-capacity).entries()) {
    if (value === undefined) {
      run = undefined;
      continue;
    }
    const place = capacity - Math.min(values.length, capacity) + index;
    const x = left + (width * place) / (capacity - 1);
    const y = top + height * (1 - Math.min(1, Math.max(0, value / max)));
    if (run === undefined) {
      run = [];
      runs.push(run);
    }
    run.push([round(x), round(y)]);
  }
  return runs;
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
