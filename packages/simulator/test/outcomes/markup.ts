// Reads the drawn markup back, for the tests of those who draw it.

/** One element of the markup. */
export interface Element {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  /** The text directly inside it. */
  text: string;
}

/**
 * The elements of a piece of XML, in the order of their beginnings.
 *
 * @throws Error when they do not stand inside one another properly
 */
export function elementsOf(markup: string): Element[] {
  const elements: Element[] = [];
  const open: Element[] = [];
  let end = 0;
  for (const match of markup.matchAll(/<(\/?)([a-z0-9]+)((?: [a-zA-Z:-]+="[^"<]*")*)(\/?)>/gi)) {
    const [whole, closing = '', name = '', attributes = '', alone = ''] = match;
    const between = markup.slice(end, match.index);
    if (/[<>]/.test(between)) throw new Error(`markup that is none: ${between}`);
    const inside = open.at(-1);
    if (inside !== undefined) inside.text += between;
    end = match.index + whole.length;
    if (closing === '/') {
      if (open.pop()?.name !== name) throw new Error(`</${name}> closes something else`);
      continue;
    }
    const pairs = [...attributes.matchAll(/ ([a-zA-Z:-]+)="([^"]*)"/g)].map(([, key = '', value = '']) => [key, value]);
    const element = { name, attributes: Object.fromEntries(pairs), text: '' };
    elements.push(element);
    if (alone === '') open.push(element);
  }
  if (open.length > 0) throw new Error(`<${open.at(-1)?.name}> is never closed`);
  return elements;
}

/** The elements of a class. */
export function ofClass(elements: readonly Element[], wanted: string): Element[] {
  return elements.filter(({ attributes }) => attributes.class?.split(' ').includes(wanted));
}

/** A number among an element's attributes. */
export function numberOf(element: Element | undefined, attribute: string): number {
  return Number(element?.attributes[attribute] ?? Number.NaN);
}
