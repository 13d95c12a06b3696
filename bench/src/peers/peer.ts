// What a contestant is: an end in the agent's process, and an end in the device's.

/** What is the same for all. */
export interface PeerOptions {
  readonly messageBytes: number;
  /** Messages that may be on their way, not acknowledged by the application. */
  readonly outstandingMax: number;
  /** For those who store: an empty folder, another for each end. */
  readonly folder: string;
}

/** The agent's end, listening. */
export interface AgentEnd {
  readonly port: number;
  /** Messages that the application has handled. */
  handled(): number;
}

/** The device's end, connected. */
export interface DeviceEnd {
  /** Resolves when the application at the other end has acknowledged so many further messages. */
  deliver(count: number): Promise<void>;
}

/** A contestant. */
export interface Peer {
  readonly name: string;
  /** Its packages, for their versions. */
  readonly packages: readonly string[];
  /** Why it cannot take part here. */
  absence?(): string | undefined;
  startAgent(options: PeerOptions): Promise<AgentEnd>;
  openDevice(port: number, options: PeerOptions): Promise<DeviceEnd>;
}
