// What the messages of a trial carry: a label with the number of the call that sent them, and bytes that belong to that number.
// Whoever receives one can tell from its content which one it is, and whether it came ungarbled. The label is plain text, so
// that a message can be found in a record or a frame without the code that wrote it.

/** The data of a message. */
export interface TrialData {
  readonly label: string;
  readonly body: Uint8Array;
}

const LABEL = /<trial message (\d+)>/;
const LABELS = new RegExp(LABEL, 'g');

/** Data with a body of `bytes` bytes, the same for the same number. */
export function makeData(n: number, bytes: number): TrialData {
  const body = new Uint8Array(bytes);
  let word = Math.imul(n + 1, 0x9e37_79b1);
  for (let index = 0; index < bytes; index += 1) {
    word = (Math.imul(word, 0x0019_660d) + 0x3c6e_f35f) | 0;
    body[index] = word >>> 24;
  }
  return { label: `<trial message ${n}>`, body };
}

/** The number in received data, or -1 when it is not data of a trial. */
export function numberOf(data: unknown): number {
  return isTrialData(data) ? Number(LABEL.exec(data.label)?.[1] ?? -1) : -1;
}

/** The numbers of the messages whose labels are in these bytes, in their order. */
export function numbersIn(bytes: Uint8Array): number[] {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
  return [...text.matchAll(LABELS)].map(([, n]) => Number(n));
}

/** A short name for the content of received data; `garbage` when it is not data of a trial. */
export function contentHash(data: unknown): string {
  if (!isTrialData(data)) return 'garbage';
  const { body } = data;
  let hash = Math.imul(0x811c_9dc5 ^ numberOf(data), 0x0100_0193);
  // By index, and without a sign's removal in between: this loop sees every byte of every message twice.
  for (let index = 0; index < body.length; index += 1) hash = Math.imul(hash ^ (body[index] as number), 0x0100_0193);
  return `${body.length}:${(hash >>> 0).toString(16).padStart(8, '0')}`;
}

function isTrialData(data: unknown): data is TrialData {
  if (typeof data !== 'object' || data === null) return false;
  const { label, body } = data as Partial<TrialData>;
  return typeof label === 'string' && body instanceof Uint8Array;
}
