// What the pages of the tests talk to: one HTTP server with the page, its script, and an agent attached to it.

import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { type Agent, createAgent } from '@holdfast/agent';
import { websocketListener } from '@holdfast/agent/websocket';
import { memoryStore } from '@holdfast/reliable-channel/memory';
import { build } from 'esbuild';

/** A site on this machine. */
export interface Site {
  /** Its pages have the script of the tests, see page/page.ts; `/sandboxed` has such a page in a frame that may not store. */
  readonly url: string;
  readonly port: number;
  readonly agent: Agent;
  /** Numbers handled by the agent, in order. */
  readonly handled: number[];
  /** What the agent needs for each message, in milliseconds. */
  handlingMs: number;
  /** Where its agent is, for `websocket`. */
  readonly agentUrl: string;
  close(): Promise<void>;
}

/** Starts a site. */
export async function startSite(): Promise<Site> {
  const script = await bundlePage();
  const server = createServer((request, response) => {
    if (request.url === '/page.js')
      response.setHeader('content-type', 'text/javascript').setHeader('access-control-allow-origin', '*').end(script);
    else if (request.url === '/favicon.ico') response.writeHead(204).end();
    else response.setHeader('content-type', 'text/html').end(request.url === '/sandboxed' ? SANDBOXED_PAGE : PAGE);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const url = `http://127.0.0.1:${port}`;
  const agent = createAgent({
    listeners: [websocketListener({ server, path: '/holdfast', origins: [url] })],
    store: memoryStore(),
  });
  const site: Site = {
    url,
    port,
    agent,
    handled: [],
    handlingMs: 0,
    agentUrl: `ws://127.0.0.1:${port}/holdfast`,
    close: () => close(agent, server),
  };
  agent.on('n', async (data) => {
    if (site.handlingMs > 0) await new Promise((resolve) => setTimeout(resolve, site.handlingMs));
    site.handled.push(data as number);
  });
  await agent.listen();
  return site;
}

const SANDBOXED_PAGE = '<!doctype html><title>Frame</title><iframe sandbox="allow-scripts" src="/"></iframe>';
const PAGE =
  '<!doctype html><html lang="en"><title>Holdfast</title><script type="module" src="/page.js"></script></html>';

async function bundlePage(): Promise<string> {
  const result = await build({
    entryPoints: [fileURLToPath(new URL('../page/page.ts', import.meta.url))],
    bundle: true,
    write: false,
    format: 'esm',
    platform: 'browser',
    target: 'es2022',
    conditions: ['@holdfast/source'],
    sourcemap: 'inline',
  });
  return result.outputFiles[0]?.text as string;
}

async function close(agent: Agent, server: Server): Promise<void> {
  await agent.close();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
}
