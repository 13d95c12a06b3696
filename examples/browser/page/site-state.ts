// What the page's server tells the page, and what the page may ask of it.

/** The link: as it should be; every connection reset and none accepted; or silent, with everything vanishing in it. */
export type LinkState = 'up' | 'cut' | 'hole';

/** How the agent handles messages: at once; a second each; or not now, come again. */
export type Handling = 'now' | 'slow' | 'later';

/** The agent's process. */
export interface AgentState {
  readonly status: 'starting' | 'running' | 'killed';
  /** Messages that wait for handlers, or are in one. */
  readonly queuedMessages: number;
  readonly isOverloaded: boolean;
}

/** What the agent's handlers have done since the server was started, whoever was killed meanwhile. */
export interface Done {
  /** Messages of channels. */
  readonly reliable: number;
  /** How often one of these came to a handler again: a crash between the work and the record of it. */
  readonly repeated: number;
  readonly plain: number;
  /** The latest sends of the comparison that a handler has seen, by their `ref`. */
  readonly refs: readonly string[];
}

/** Where the server's side stands. */
export interface SiteState {
  /** Where the page dials. */
  readonly agentUrl: string;
  readonly link: LinkState;
  readonly roundTripMs: number;
  readonly handling: Handling;
  readonly agent: AgentState;
  readonly done: Done;
}

/** What the page asks for; what is left out stays. */
export interface SiteCommand {
  readonly link?: LinkState;
  readonly roundTripMs?: number;
  readonly handling?: Handling;
  readonly agent?: 'running' | 'killed';
}
