// Input in pieces of any size, as files and pipes hand it over.

/** The pieces of a text or of bytes. */
export async function* pieces<Input extends string | Uint8Array>(input: Input, size: number): AsyncGenerator<Input> {
  for (let at = 0; at < input.length; at += size) yield input.slice(at, at + size) as Input;
}

/** All items of all arrays; when there is an error, those before it and the error. */
export async function collect<Item>(
  source: AsyncIterable<readonly Item[]>,
): Promise<{ items: Item[]; error?: unknown }> {
  const items: Item[] = [];
  try {
    for await (const some of source) items.push(...some);
    return { items };
  } catch (error) {
    return { items, error };
  }
}
