// The progress line: on a terminal a bar that is replaced, elsewhere a line every few seconds.

import cliProgress from 'cli-progress';

/** Shows how far a run is. */
export interface Progress {
  /** So many of all steps are done. @param note - what is being done now */
  update(done: number, total: number, note: string): void;
  /** Takes the line away. */
  stop(): void;
}

/** Begins to show progress on a stream, which is standard error so that standard output holds the result alone. */
export function createProgress(label: string, stream: NodeJS.WriteStream): Progress {
  const bar = new cliProgress.SingleBar({
    stream,
    format: `${label} [{bar}] {percentage}% {note}`,
    barsize: 24,
    barCompleteChar: '=',
    barIncompleteChar: '-',
    clearOnComplete: true,
    hideCursor: true,
    // Else the library would take Ctrl-C over.
    gracefulExit: false,
    noTTYOutput: true,
    notTTYSchedule: 5_000,
  });
  bar.start(1, 0, { note: 'starting' });
  return {
    update: (done, total, note) => {
      bar.setTotal(Math.max(1, total));
      bar.update(done, { note });
    },
    stop: () => bar.stop(),
  };
}
