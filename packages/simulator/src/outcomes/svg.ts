// Small tools for writing SVG and HTML as text.

/** Text made safe for elements and quoted attributes of both. */
export function escapeMarkup(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}

/** A length or place, short: a tenth of a unit is enough. */
export function px(value: number): string {
  return String(Math.round(value * 10) / 10);
}

/** Cuts text into lines of at most `charactersMax` characters between words; a longer word stays whole. */
export function wrapText(text: string, charactersMax: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const line = lines.at(-1);
    if (line === undefined || line.length + 1 + word.length > charactersMax) lines.push(word);
    else lines[lines.length - 1] = `${line} ${word}`;
  }
  return lines;
}
