// The few assertions of the compliance suites. They need no library and no Node, so that the suites run wherever the adapter
// does, in a browser as well.

/** What was promised and is not so. */
export class ComplianceError extends Error {
  override readonly name = 'ComplianceError';
}

/** Fails unless both have the same JSON. @param what - the promise, for the message */
export function assertEqual(actual: unknown, expected: unknown, what: string): void {
  const [is, shouldBe] = [JSON.stringify(actual), JSON.stringify(expected)];
  if (is !== shouldBe) throw new ComplianceError(`${what}: it is ${shorten(is)}, and should be ${shorten(shouldBe)}`);
}

/** Fails unless `value` is true. */
export function assertTrue(value: boolean, what: string): void {
  if (!value) throw new ComplianceError(what);
}

/** Fails unless both hold the same bytes; names the first place where they differ. */
export function assertBytes(actual: Uint8Array | undefined, expected: Uint8Array, what: string): void {
  if (actual === undefined) throw new ComplianceError(`${what}: there is nothing`);
  if (!(actual instanceof Uint8Array)) throw new ComplianceError(`${what}: it is no Uint8Array`);
  const length = Math.max(actual.length, expected.length);
  for (let index = 0; index < length; index++) {
    if (actual[index] === expected[index]) continue;
    const lengths = `${actual.length} bytes, ${expected.length} expected`;
    throw new ComplianceError(`${what}: byte ${index} is ${actual[index]}, not ${expected[index]} (${lengths})`);
  }
}

/** Fails unless `promise` rejects with an error for which `isRight` holds. */
export async function assertRejects(
  promise: Promise<unknown>,
  isRight: (error: unknown) => boolean,
  what: string,
): Promise<void> {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => ({ reason }),
  );
  if (error === undefined) throw new ComplianceError(`${what}: it did not reject`);
  if (!isRight(error.reason)) throw new ComplianceError(`${what}: it rejected with ${describe(error.reason)}`);
}

/** Whether an error is a HoldfastError with this code. */
export function hasCode(code: string): (error: unknown) => boolean {
  return (error) =>
    error instanceof Error && error.name === 'HoldfastError' && (error as { readonly code?: unknown }).code === code;
}

/** Bytes that differ from place to place, so that a shifted or a swapped copy is noticed. */
export function pattern(length: number, seed: number): Uint8Array {
  const bytes = new Uint8Array(length);
  for (let index = 0; index < length; index++) bytes[index] = index * 31 + (index >> 8) + seed;
  return bytes;
}

/** Resolves when the event loop has had a turn. */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 0));
}

/** Rejects when `promise` has not settled in time. @param what - what should have happened, for the message */
export async function within<Value>(timeoutMs: number, promise: Promise<Value>, what: string): Promise<Value> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const timeout = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new ComplianceError(`${what}: not within ${timeoutMs} ms`)), timeoutMs);
  });
  try {
    return await Promise.race([promise, timeout]);
  } finally {
    clearTimeout(timer);
  }
}

function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { code } = error as { readonly code?: unknown };
  return `${error.name}${code === undefined ? '' : ` ${String(code)}`}: ${error.message}`;
}

function shorten(text: string | undefined): string {
  return text === undefined || text.length <= 200
    ? String(text)
    : `${text.slice(0, 200)}... (${text.length} characters)`;
}
