// Device ids and lanes as parts of keys: whatever they hold, they neither end a part nor look like another one.

// biome-ignore lint/suspicious/noControlCharactersInRegex: these are the characters to escape
const UNSAFE = /[%/\u0000-\u001f\u007f]/g;

/** Escapes `%`, `/` and control characters, so that the text can stand between two slashes of a key. */
export function keyPart(text: string): string {
  return text.replace(UNSAFE, (character) => `%${character.charCodeAt(0).toString(16).padStart(2, '0')}`);
}
