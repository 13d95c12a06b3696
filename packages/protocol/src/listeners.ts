// A set of callbacks that belong to users. A callback that throws must not break the part of Holdfast that called it, and
// its error must not vanish either: it surfaces as an uncaught error, as it would from any event handler.

/** A set of callbacks for one kind of event. */
export class Listeners<Event> {
  readonly #listeners = new Set<(event: Event) => void>();

  /** Adds a callback and returns the function that removes it. */
  add(listener: (event: Event) => void): () => void {
    this.#listeners.add(listener);
    return () => {
      this.#listeners.delete(listener);
    };
  }

  /** Calls everyone, in the order they were added. */
  emit(event: Event): void {
    for (const listener of [...this.#listeners]) callUserCode(() => listener(event));
  }
}

/** Runs a callback that belongs to a user; what it throws surfaces as an uncaught error, not here. */
export function callUserCode(callback: () => void): void {
  try {
    callback();
  } catch (error) {
    queueMicrotask(() => {
      throw error;
    });
  }
}
