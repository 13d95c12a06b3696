// Catches what surfaces as an uncaught error, which would otherwise fail the test run.

/** Collects uncaught errors while `body` runs, and returns them. */
export async function uncaughtDuring(body: () => Promise<void>): Promise<unknown[]> {
  const errors: unknown[] = [];
  const collect = (error: unknown): void => {
    errors.push(error);
  };
  const others = process.listeners('uncaughtException');
  process.removeAllListeners('uncaughtException');
  process.on('uncaughtException', collect);
  try {
    await body();
    // An error that was put off to a microtask has surfaced when the next turn of the event loop begins.
    await new Promise<void>((resolve) => setImmediate(resolve));
  } finally {
    process.off('uncaughtException', collect);
    for (const other of others) process.on('uncaughtException', other);
  }
  return errors;
}
