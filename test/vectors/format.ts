// How a file of vectors is written: whatever fits on a line is on one line, so that a step reads as one.

import type { Json } from './players/player.js';

/** The longest line, in characters, as Biome has it. */
const LINE_MAX = 120;

/** The text of a file with this value. */
export function formatVectors(value: Json): string {
  return `${block(value, '', 0)}\n`;
}

/** @param aroundChars - what stands on the line beside the value: its key, a comma */
function block(value: Json, indent: string, aroundChars: number): string {
  const isWhole = value === null || typeof value !== 'object';
  const line = inline(value);
  if (isWhole || (indent !== '' && indent.length + aroundChars + line.length <= LINE_MAX)) return line;
  const deeper = `${indent}  `;
  const [open, close] = Array.isArray(value) ? '[]' : '{}';
  const parts = Array.isArray(value)
    ? value.map((item: Json) => block(item, deeper, 1))
    : Object.entries(value).map(([key, item]) => `"${key}": ${block(item, deeper, key.length + 5)}`);
  return `${open}\n${parts.map((part) => `${deeper}${part}`).join(',\n')}\n${indent}${close}`;
}

function inline(value: Json): string {
  if (value === null || typeof value !== 'object') return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(inline).join(', ')}]`;
  const entries = Object.entries(value).map(([key, item]) => `"${key}": ${inline(item)}`);
  return entries.length === 0 ? '{}' : `{ ${entries.join(', ')} }`;
}
