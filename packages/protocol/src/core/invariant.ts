// Bugs are not errors: what a peer, a network or a disk can do is a value or a coded error, what only our own mistake
// can cause is an invariant. The check stays on in production.

/** Thrown when Holdfast itself is wrong. Please report it; there is nothing a caller can do about it. */
export class InvariantError extends Error {
  override readonly name = 'InvariantError';
}

/** Throws `InvariantError` with `message` when `condition` does not hold. */
export function invariant(condition: unknown, message: string): asserts condition {
  if (!condition) throw new InvariantError(message);
}
