// @ts-check
// The page's server: its files, where things stand, and the commands of its buttons. All of it is for pages of its own
// origin on this machine: any page in the same browser could send requests here, and none may cut a link.

import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AgentHost } from './agent-host.js';
import { readAssets } from './bundle.js';
import { readCommand } from './command.js';
import { startNetwork } from './network.js';

const HOST = '127.0.0.1';
/** The largest command, in bytes. */
const COMMAND_MAX_BYTES = 1_024;
const CONNECTIONS_MAX = 64;
const REQUEST_TIMEOUT_MS = 10_000;

/** @typedef {import('node:http').IncomingMessage} Request */
/** @typedef {import('node:http').ServerResponse} Response */
/** @typedef {import('../page/site-state.js').SiteState} SiteState */
/** @typedef {import('../page/site-state.js').SiteCommand} SiteCommand */

/**
 * Starts the server, the agent, and the link between them.
 *
 * @param {{ port: number, inbox?: string | undefined }} options - `port`: of the page, 0 lets the system choose; `inbox`: the
 *   folder of the agent's inbox, a temporary one unless given
 * @returns {Promise<{ url: string, close(): Promise<void> }>}
 * @throws Error in one line when that can not be
 */
export async function startSite({ port: wanted, inbox }) {
  const assets = await readAssets();
  const server = createServer({ requestTimeout: REQUEST_TIMEOUT_MS, headersTimeout: REQUEST_TIMEOUT_MS });
  server.maxConnections = CONNECTIONS_MAX;
  const port = await listen(server, wanted);
  const url = `http://${HOST}:${port}`;
  const folder = inbox ?? (await mkdtemp(join(tmpdir(), 'holdfast-example-')));
  const agent = new AgentHost({ origin: url, folder });
  const close = async () => {
    server.close();
    server.closeAllConnections();
    await agent.close();
    if (inbox === undefined) await rm(folder, { recursive: true, force: true });
  };
  try {
    const network = await startNetwork(await agent.start());
    const site = new Site(url, assets, agent, network);
    server.on('request', (request, response) => void site.answer(request, response));
    return {
      url,
      close: async () => {
        await site.idle();
        await Promise.all([network.close(), close()]);
      },
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/** @param {import('node:http').Server} server @param {number} wanted */
async function listen(server, wanted) {
  try {
    server.listen(wanted, HOST);
    await once(server, 'listening');
  } catch (error) {
    const { code, message } = /** @type {NodeJS.ErrnoException} */ (error);
    if (code === 'EADDRINUSE') throw new Error(`port ${wanted} is taken; choose another one with --port`);
    if (code === 'EACCES') throw new Error(`port ${wanted} is not for everybody; choose one above 1023 with --port`);
    throw new Error(`can not listen on port ${wanted}: ${message}`);
  }
  return /** @type {import('node:net').AddressInfo} */ (server.address()).port;
}

class Site {
  #url;
  #assets;
  #agent;
  #network;
  #headers;
  /** Commands, one after another. @type {Promise<unknown>} */
  #last = Promise.resolve();

  /**
   * @param {string} url
   * @param {Map<string, import('./bundle.js').Asset>} assets
   * @param {AgentHost} agent
   * @param {import('./network.js').Network} network
   */
  constructor(url, assets, agent, network) {
    this.#url = url;
    this.#assets = assets;
    this.#agent = agent;
    this.#network = network;
    this.#headers = safeHeaders(this.#agentUrl);
  }

  /** Resolves when no command is under way. */
  idle() {
    return this.#last;
  }

  /** @param {Request} request @param {Response} response */
  async answer(request, response) {
    for (const [name, value] of this.#headers) response.setHeader(name, value);
    const path = (request.url ?? '/').split('?', 1)[0] ?? '/';
    const fault = this.#faultOf(request);
    if (fault !== undefined) return say(response, 403, fault);
    if (request.headers.host?.startsWith('localhost') === true) {
      // Another origin to the browser: what it stores would not be there under the other name.
      return response.writeHead(307, { location: this.#url + path }).end();
    }
    if (path === '/control') return this.#control(request, response);
    if (request.method !== 'GET' && request.method !== 'HEAD') return say(response, 405, 'only GET here');
    if (path === '/state') return this.#tellState(response);
    const asset = this.#assets.get(path);
    if (asset === undefined) return say(response, 404, 'nothing here');
    response.writeHead(200, { 'content-type': asset.type, 'cache-control': 'no-cache' }).end(asset.body);
  }

  /** A page elsewhere can make its own name lead to this machine; it can not choose what its browser says of that. */
  #faultOf(/** @type {Request} */ { headers, socket }) {
    const { host = '', origin } = headers;
    if (socket.remoteAddress !== HOST) return 'this server is for its own machine';
    if (`http://${host}` !== this.#url && host !== `localhost:${new URL(this.#url).port}`) {
      return `this server is ${this.#url}`;
    }
    if (origin !== undefined && origin !== this.#url) return 'this server is for its own page';
    return undefined;
  }

  /** @param {Request} request @param {Response} response */
  async #control(request, response) {
    if (request.method !== 'POST') return say(response, 405, 'only POST here');
    const { origin, 'content-type': type, 'sec-fetch-site': from = 'same-origin' } = request.headers;
    if (origin !== this.#url || from !== 'same-origin') return say(response, 403, 'only the page of this server');
    if (type !== 'application/json') return say(response, 415, 'only application/json here');
    let command;
    try {
      command = readCommand(await readText(request));
    } catch (error) {
      return say(response, 400, messageOf(error));
    }
    const done = this.#last.then(() => this.#carryOut(command));
    this.#last = done.catch(() => {});
    try {
      await done;
    } catch (error) {
      return say(response, 500, messageOf(error));
    }
    this.#tellState(response);
  }

  /** @param {SiteCommand} command */
  async #carryOut({ link, roundTripMs, handling, agent }) {
    if (roundTripMs !== undefined) this.#network.setRoundTrip(roundTripMs);
    if (link !== undefined) await this.#network.setLink(link);
    if (handling !== undefined) this.#agent.setHandling(handling);
    if (agent === 'killed') await this.#agent.kill();
    if (agent === 'running' && this.#agent.state.status === 'killed') this.#network.leadTo(await this.#agent.start());
  }

  /** @param {Response} response */
  #tellState(response) {
    const { link, roundTripMs } = this.#network;
    const { handling, state, done } = this.#agent;
    /** @type {SiteState} */
    const told = { agentUrl: this.#agentUrl, link, roundTripMs, handling, agent: state, done };
    response.writeHead(200, { 'content-type': 'application/json', 'cache-control': 'no-store' });
    response.end(JSON.stringify(told));
  }

  get #agentUrl() {
    return `ws://${HOST}:${this.#network.port}/holdfast`;
  }
}

/** @param {string} agentUrl @returns {readonly (readonly [string, string])[]} */
function safeHeaders(agentUrl) {
  const policy = [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self'",
    `connect-src 'self' ${new URL(agentUrl).origin}`,
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ];
  return [
    ['content-security-policy', policy.join('; ')],
    ['x-content-type-options', 'nosniff'],
    ['referrer-policy', 'no-referrer'],
    ['cross-origin-opener-policy', 'same-origin'],
    ['cross-origin-resource-policy', 'same-origin'],
  ];
}

/** @param {Request} request */
async function readText(request) {
  const pieces = [];
  let bytes = 0;
  for await (const piece of request) {
    bytes += piece.length;
    if (bytes > COMMAND_MAX_BYTES) throw new Error(`a command has at most ${COMMAND_MAX_BYTES} bytes`);
    pieces.push(piece);
  }
  return Buffer.concat(pieces).toString();
}

/** @param {Response} response @param {number} status @param {string} text */
function say(response, status, text) {
  response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8', 'cache-control': 'no-store' }).end(text);
}

/** @param {unknown} error */
function messageOf(error) {
  return error instanceof Error ? error.message : String(error);
}
