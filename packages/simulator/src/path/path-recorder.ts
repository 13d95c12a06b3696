// Tells observers what happens on the path. While nobody watches, nothing is made.

import { Listeners, type Runtime } from '@holdfast/protocol';
import type { PathDirection, PathEvent, PathEventKind, StageName } from './events.js';
import type { Segment, SegmentConnection } from './segment.js';

/** Makes events and hands them to the observers. */
export class PathRecorder {
  readonly #runtime: Runtime;
  readonly #observers = new Listeners<PathEvent>();
  /** Given out as segments are first told of, so that a path that nobody watches counts nothing. */
  readonly #segmentNumbers = new WeakMap<Segment, number>();
  /** By device: what one of them sends does not change how another's segments are numbered. */
  readonly #segmentCounts = new Map<string, number>();
  #observerCount = 0;

  constructor(runtime: Runtime) {
    this.#runtime = runtime;
  }

  /** Adds an observer; returns the function that removes it. */
  observe(observer: (event: PathEvent) => void): () => void {
    const remove = this.#observers.add(observer);
    this.#observerCount += 1;
    let isWatching = true;
    return () => {
      if (isWatching) this.#observerCount -= 1;
      isWatching = false;
      remove();
    };
  }

  /** Something happened to a segment. Without a `detail` of its own, one without payload is told by its kind. */
  record(stage: StageName, segment: Segment, what: PathEventKind, detail?: string): void {
    if (this.#observerCount === 0) return;
    const { connection, direction, kind, bytes } = segment;
    const offset = Math.max(0, segment.sequence - 1);
    this.recordConnection(stage, connection, what, {
      direction,
      bytes: bytes.length,
      offset,
      detail: detail ?? (kind === 'data' ? undefined : kind),
      segment: this.#numberOf(segment),
    });
  }

  /** Something happened at one end of a connection. */
  recordConnection(
    stage: StageName,
    { device, number }: SegmentConnection,
    what: PathEventKind,
    about: {
      direction: PathDirection;
      bytes: number;
      offset: number;
      detail?: string | undefined;
      segment?: number | undefined;
    },
  ): void {
    if (this.#observerCount === 0) return;
    const { direction, bytes, offset, detail, segment } = about;
    this.#observers.emit({
      ...{ atMs: this.#runtime.nowMs(), device, connection: number, direction, stage, what, bytes, offset },
      ...(segment === undefined ? {} : { segment }),
      ...(detail === undefined ? {} : { detail }),
    });
  }

  #numberOf(segment: Segment): number {
    const known = this.#segmentNumbers.get(segment);
    if (known !== undefined) return known;
    const { device } = segment.connection;
    const number = (this.#segmentCounts.get(device) ?? 0) + 1;
    this.#segmentCounts.set(device, number);
    this.#segmentNumbers.set(segment, number);
    return number;
  }
}
