// The port for listeners: something that devices can dial. Adapters lie in listeners/; they make pipes and decide nothing.

import type { Pipe, PipeEvents } from '@holdfast/transport';

/** Takes a new pipe: called with the function that makes it from the events that it must tell. */
export type AcceptPipe = (makePipe: (events: PipeEvents) => Pipe) => void;

/** An open listener. */
export interface OpenListener {
  /** For people: `127.0.0.1:7400`. */
  readonly address: string;
  /** The port in use, where there is one; useful when port 0 let the system choose. */
  readonly port: number | undefined;
  /** Takes no new pipes; those that are open stay. */
  close(): Promise<void>;
}

/** Something that can be opened for devices to dial. */
export interface Listener {
  /** Whether only this machine can reach it. Anything else needs `authenticate`. */
  readonly isLoopback: boolean;
  /** The most bytes that its pipes want at once. */
  readonly writeMaxBytes: number;
  /** @throws HoldfastError `LISTEN_FAILED` that says why and what to do */
  listen(accept: AcceptPipe): Promise<OpenListener>;
}
