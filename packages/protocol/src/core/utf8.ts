// Strict UTF-8 for the short strings in frames. Cores may not use the platform's TextDecoder, and a port to firmware
// needs the rule spelled out anyway: shortest form only, no surrogates, nothing above U+10FFFF (RFC 3629).

/** Nearly all texts have nothing of this kind; an engine finds that out several times faster than a loop does. */
const BEYOND_ASCII = /[\u0080-\uffff]/;

/** The number of bytes of `text` in UTF-8. A lone surrogate counts as U+FFFD, three bytes. */
export function utf8Length(text: string): number {
  let length = text.length;
  if (!BEYOND_ASCII.test(text)) return length;
  for (let index = 0; index < text.length; index++) {
    const unit = text.charCodeAt(index);
    if (unit < 0x80) continue;
    if (unit < 0x800) length += 1;
    else if (isSurrogatePair(text, index)) {
      // Two units become four bytes: two more than were counted.
      length += 2;
      index++;
    } else length += 2;
  }
  return length;
}

/** Whether `text` holds half of a surrogate pair, which UTF-8 cannot express. */
export function hasLoneSurrogate(text: string): boolean {
  return /[\ud800-\udfff]/u.test(text);
}

/** Writes `text` at `offset` and returns the offset behind it. A lone surrogate becomes U+FFFD. */
export function writeUtf8(target: Uint8Array, offset: number, text: string): number {
  let at = offset;
  for (let index = 0; index < text.length; index++) {
    let point = text.charCodeAt(index);
    if (point < 0x80) {
      target[at++] = point;
      continue;
    }
    if (point < 0x800) {
      target[at++] = 0xc0 | (point >> 6);
      target[at++] = 0x80 | (point & 0x3f);
      continue;
    }
    if (isSurrogatePair(text, index)) {
      point = text.codePointAt(index) ?? 0xfffd;
      index++;
      target[at++] = 0xf0 | (point >> 18);
      target[at++] = 0x80 | ((point >> 12) & 0x3f);
    } else {
      if (point >= 0xd800 && point <= 0xdfff) point = 0xfffd;
      target[at++] = 0xe0 | (point >> 12);
    }
    target[at++] = 0x80 | ((point >> 6) & 0x3f);
    target[at++] = 0x80 | (point & 0x3f);
  }
  return at;
}

/** Reads `length` bytes at `offset` as UTF-8, or returns `undefined` when they are not. The range must be in bounds. */
export function readUtf8(source: Uint8Array, offset: number, length: number): string | undefined {
  const end = offset + length;
  let text = '';
  for (let at = offset; at < end; ) {
    // Nearly all bytes of nearly all texts are ASCII; eight of them at a time make this several times faster.
    const a = source[at] as number;
    if (at + 8 <= end) {
      const b = source[at + 1] as number;
      const c = source[at + 2] as number;
      const d = source[at + 3] as number;
      const e = source[at + 4] as number;
      const f = source[at + 5] as number;
      const g = source[at + 6] as number;
      const h = source[at + 7] as number;
      if ((a | b | c | d | e | f | g | h) < 0x80) {
        text += String.fromCharCode(a, b, c, d, e, f, g, h);
        at += 8;
        continue;
      }
    }
    const point = a < 0x80 ? a : pointAt(source, at, end);
    if (point < 0) return undefined;
    text += point < 0x10000 ? String.fromCharCode(point) : String.fromCodePoint(point);
    at += pointLength(point);
  }
  return text;
}

/** The code point that begins at `at`, or -1 when the bytes up to `end` do not hold a valid one. */
function pointAt(source: Uint8Array, at: number, end: number): number {
  const lead = source[at] as number;
  if (lead < 0x80) return lead;
  if (lead < 0xc2 || lead > 0xf4) return -1;
  const more = lead < 0xe0 ? 1 : lead < 0xf0 ? 2 : 3;
  if (at + more >= end) return -1;
  let point = lead & (0x3f >> more);
  for (let index = 1; index <= more; index++) {
    const next = source[at + index] as number;
    if ((next & 0xc0) !== 0x80) return -1;
    point = (point << 6) | (next & 0x3f);
  }
  const isSurrogate = point >= 0xd800 && point <= 0xdfff;
  return pointLength(point) === more + 1 && point <= 0x10ffff && !isSurrogate ? point : -1;
}

/** The bytes of a code point in its shortest, and only valid, form. */
function pointLength(point: number): number {
  return point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
}

function isSurrogatePair(text: string, index: number): boolean {
  const unit = text.charCodeAt(index);
  const next = text.charCodeAt(index + 1);
  return unit >= 0xd800 && unit <= 0xdbff && next >= 0xdc00 && next <= 0xdfff;
}
