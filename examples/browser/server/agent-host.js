// @ts-check
// Starts the agent's process, kills it, and keeps the books of what its handlers have done, which outlive it.

import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const PROGRAM = fileURLToPath(new URL('agent-process.js', import.meta.url));
/** How long an agent may take until it listens, in milliseconds. */
const START_TIMEOUT_MS = 20_000;
/** How long an agent may take to close before it is killed, in milliseconds. */
const CLOSE_TIMEOUT_MS = 3_000;
/** Messages whose ids are remembered, to tell when one was handled twice. */
const IDS_MAX = 100_000;
/** Sends of the comparison that are remembered. */
const REFS_MAX = 64;

/** @typedef {import('../page/site-state.js').Handling} Handling */
/** @typedef {import('../page/site-state.js').AgentState} AgentState */
/** @typedef {import('../page/site-state.js').Done} Done */
/**
 * @typedef {{ type: 'listening', port: number }
 *   | { type: 'failed', detail: string }
 *   | { type: 'queue', messages: number, isOverloaded: boolean }
 *   | { type: 'done', id?: string, name: string, ref?: string }} AgentReport
 */

/** An agent that can be killed and started again on the same inbox. */
export class AgentHost {
  #settings;
  /** @type {import('node:child_process').ChildProcess | undefined} */
  #process;
  /** @type {Promise<unknown>} */
  #ended = Promise.resolve();
  /** @type {AgentState} */
  #state = { status: 'killed', queuedMessages: 0, isOverloaded: false };
  /** @type {Handling} */
  #handling = 'now';
  #ids = new Set();
  /** @type {string[]} */
  #refs = [];
  #counts = { reliable: 0, repeated: 0, plain: 0 };

  /** @param {{ origin: string, folder: string }} settings - who may come in, and where the inbox lies */
  constructor(settings) {
    this.#settings = settings;
  }

  /** Where the agent stands. */
  get state() {
    return this.#state;
  }

  get handling() {
    return this.#handling;
  }

  /** What handlers have done, of all agents so far. @returns {Done} */
  get done() {
    return { ...this.#counts, refs: [...this.#refs] };
  }

  /** Starts the process. Resolves with the port that it listens on. @returns {Promise<number>} */
  async start() {
    await this.#ended;
    const settings = JSON.stringify({ ...this.#settings, handling: this.#handling });
    // Flags of this process are not the agent's.
    const child = fork(PROGRAM, [settings], { execArgv: [] });
    this.#process = child;
    this.#state = { ...this.#state, status: 'starting' };
    this.#ended = new Promise((resolve) => {
      child.once('close', () => {
        this.#process = undefined;
        this.#state = { status: 'killed', queuedMessages: 0, isOverloaded: false };
        resolve(undefined);
      });
    });
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        child.kill('SIGKILL');
      }, START_TIMEOUT_MS);
      void this.#ended.then(() => {
        clearTimeout(timer);
        reject(new Error('the agent ended before it listened'));
      });
      child.on('message', (message) => {
        const report = /** @type {AgentReport} */ (message);
        if (report.type === 'failed') return reject(new Error(`the agent can not start: ${report.detail}`));
        if (report.type !== 'listening') return this.#take(report);
        clearTimeout(timer);
        this.#state = { ...this.#state, status: 'running' };
        resolve(report.port);
      });
    });
  }

  /** SIGKILL: the agent gets no chance to do anything. Resolves when it is gone. */
  async kill() {
    this.#process?.kill('SIGKILL');
    await this.#ended;
  }

  /** @param {Handling} handling */
  setHandling(handling) {
    this.#handling = handling;
    this.#process?.send({ type: 'handling', handling }, () => {});
  }

  /** Ends the agent as it should end. */
  async close() {
    const child = this.#process;
    if (child === undefined) return this.#ended;
    child.send({ type: 'close' }, () => {});
    const timer = setTimeout(() => child.kill('SIGKILL'), CLOSE_TIMEOUT_MS);
    await this.#ended;
    clearTimeout(timer);
  }

  /** @param {Exclude<AgentReport, { type: 'listening' | 'failed' }>} report */
  #take(report) {
    if (report.type === 'queue') {
      const { messages, isOverloaded } = report;
      this.#state = { ...this.#state, queuedMessages: messages, isOverloaded };
      return;
    }
    if (report.id === undefined) this.#counts.plain += 1;
    else if (this.#ids.has(report.id)) this.#counts.repeated += 1;
    else {
      this.#counts.reliable += 1;
      this.#ids.add(report.id);
      // The oldest one.
      if (this.#ids.size > IDS_MAX) this.#ids.delete(this.#ids.values().next().value);
    }
    if (report.ref !== undefined) this.#refs = [...this.#refs, report.ref].slice(-REFS_MAX);
  }
}
