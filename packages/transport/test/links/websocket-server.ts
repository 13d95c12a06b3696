// A WebSocket server for the tests of both WebSocket links.

import { once } from 'node:events';
import { createServer as createHttpServer, type Server } from 'node:http';
import { createServer as createHttpsServer, type ServerOptions } from 'node:https';
import type { AddressInfo } from 'node:net';
import { systemRuntime } from '@holdfast/protocol';
import { type WebSocket, WebSocketServer } from 'ws';
import { WEBSOCKET_LIMITS, WEBSOCKET_SUBPROTOCOL, websocketPipe } from '../../src/links/websocket-node.js';
import { TestServer } from '../server.js';

/** A WebSocket server that listens. */
export interface ListeningServer {
  /** What comes in as a Holdfast connection. */
  readonly server: TestServer;
  readonly http: Server;
  readonly port: number;
  /** For `websocket`, with a path that nobody looks at. */
  readonly url: string;
  /** Every socket that has come. */
  readonly sockets: WebSocket[];
  close(): void;
}

/** How the server is to behave. */
export interface ServeOptions {
  /** With TLS. */
  readonly tls?: ServerOptions;
  /** Whether it knows the subprotocol. @default true */
  readonly speaksHoldfast?: boolean;
  /** Takes a socket in place of the server. */
  readonly onSocket?: (socket: WebSocket) => void;
}

/** Starts a server on this machine. */
export async function serveWebSocket(options: ServeOptions = {}): Promise<ListeningServer> {
  const { tls, speaksHoldfast = true } = options;
  const server = new TestServer(systemRuntime());
  const sockets: WebSocket[] = [];
  const http = tls === undefined ? createHttpServer() : createHttpsServer(tls);
  const webSockets = new WebSocketServer({
    ...WEBSOCKET_LIMITS,
    server: http,
    handleProtocols: () => (speaksHoldfast ? WEBSOCKET_SUBPROTOCOL : false),
  });
  webSockets.on('connection', (socket, { socket: { remoteAddress, remotePort } }) => {
    sockets.push(socket);
    if (options.onSocket !== undefined) options.onSocket(socket);
    else server.acceptPipe((events) => websocketPipe(socket, `${remoteAddress}:${remotePort}`, events));
  });
  http.on('tlsClientError', () => {});
  http.listen(0, '127.0.0.1');
  await once(http, 'listening');
  const { port } = http.address() as AddressInfo;
  return {
    server,
    http,
    port,
    url: `${tls === undefined ? 'ws' : 'wss'}://127.0.0.1:${port}/holdfast`,
    sockets,
    close: () => {
      for (const socket of sockets) socket.terminate();
      webSockets.close();
      http.close();
      http.closeAllConnections();
    },
  };
}
