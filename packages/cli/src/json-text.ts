// What messages hold, as JSON. Some of it has no form there: bytes become base64, other such values their text.

/** One value as JSON. @param indent - spaces for each level; 0: all on one line */
export function jsonText(value: unknown, indent = 0): string {
  return JSON.stringify(value, writable, indent);
}

function writable(_key: string, value: unknown): unknown {
  if (value instanceof Uint8Array) return Buffer.from(value).toString('base64');
  if (typeof value === 'bigint' || (typeof value === 'number' && !Number.isFinite(value))) return String(value);
  return value;
}
