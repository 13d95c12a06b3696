// The suite runs on the links that are there, each with the listener of the agent at its other end, and on bad ones: a suite
// that nothing fails checks nothing.
import { createServer } from 'node:net';
import { memoryListener } from '@holdfast/agent/memory';
import { tcpListener } from '@holdfast/agent/tcp';
import { websocketListener } from '@holdfast/agent/websocket';
import { systemRuntime } from '@holdfast/protocol';
import type { Link, Pipe } from '@holdfast/transport';
import { createMemoryNetwork } from '@holdfast/transport/memory';
import { type TcpTlsOptions, tcp } from '@holdfast/transport/tcp';
import { websocket } from '@holdfast/transport/websocket';
import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type Certificate, certificateFor, createAuthority } from '../../../../test/support/certificates.js';
import { startChaosProxy } from '../../src/chaos-proxy.js';
import { ComplianceError, describeLinkCompliance, type LinkComplianceOptions } from '../../src/compliance/index.js';
import { failuresOf } from './failing-runner.js';

const runner = { describe, test, beforeEach, afterEach };
const HOST = '127.0.0.1';

let authority: Certificate;
let server: Certificate;

beforeAll(async () => {
  authority = await createAuthority();
  server = await certificateFor(authority, { commonName: 'server', ipAddresses: [HOST] });
});

/** A port on which nothing listens. */
async function freePort(): Promise<number> {
  const holder = createServer();
  const port = await new Promise<number>((resolve) => {
    holder.listen(0, HOST, () => resolve((holder.address() as { port: number }).port));
  });
  await new Promise((resolve) => holder.close(resolve));
  return port;
}

type MakeLink = LinkComplianceOptions['makeLink'];

/** TCP, or TLS, through a proxy that can cut it. */
function socketLink(tls: boolean): MakeLink {
  return async (accept) => {
    const listener = tcpListener({ port: 0, ...(tls && { tls: server }) });
    const open = await listener.listen(accept);
    const proxy = await startChaosProxy({ target: { host: HOST, port: open.port as number } });
    const dialing: { tls?: TcpTlsOptions } = tls ? { tls: { ca: authority.cert } } : {};
    return {
      link: tcp({ host: HOST, port: proxy.port, ...dialing }),
      deadLink: tcp({ host: HOST, port: await freePort(), ...dialing }),
      cut: () => proxy.cut(),
      close: async () => {
        await open.close();
        await proxy.close();
      },
    };
  };
}

/** WebSocket, or the same with TLS, through a proxy that can cut it. */
function webSocketLink(isSecure: boolean): MakeLink {
  return async (accept) => {
    const open = await websocketListener({ port: 0, ...(isSecure && { tls: server }) }).listen(accept);
    const proxy = await startChaosProxy({ target: { host: HOST, port: open.port as number } });
    const linkTo = (port: number): Link =>
      isSecure
        ? websocket({ url: `wss://${HOST}:${port}`, tls: { ca: authority.cert } })
        : websocket({ url: `ws://${HOST}:${port}` });
    return {
      link: linkTo(proxy.port),
      deadLink: linkTo(await freePort()),
      cut: () => proxy.cut(),
      close: async () => {
        await open.close();
        await proxy.close();
      },
    };
  };
}

const memoryLink: MakeLink = async (accept) => {
  const network = createMemoryNetwork({ runtime: systemRuntime() });
  const open = await memoryListener(network).listen(accept);
  return {
    link: network.link(),
    deadLink: createMemoryNetwork({ runtime: systemRuntime() }).link(),
    cut: () => network.cut(),
    close: () => open.close(),
  };
};

describeLinkCompliance({ runner, name: 'the memory link', makeLink: memoryLink });
describeLinkCompliance({ runner, name: 'the TCP link', makeLink: socketLink(false) });
describeLinkCompliance({ runner, name: 'the TLS link', makeLink: socketLink(true) });
describeLinkCompliance({ runner, name: 'the WebSocket link', makeLink: webSocketLink(false) });
describeLinkCompliance({ runner, name: 'the WebSocket link with TLS', makeLink: webSocketLink(true) });

/** A memory link whose device end does one thing wrong. */
function broken(
  change: (pipe: Pipe) => Partial<Pipe>,
  changeLink: (link: Link) => Partial<Link> = () => ({}),
): MakeLink {
  return async (accept) => {
    const place = await memoryLink(accept);
    const dial: Link['dial'] = async (events, signal) => {
      const pipe = await place.link.dial(events, signal);
      const { peer } = pipe;
      const whole: Pipe = {
        peer,
        write: (bytes, onTaken) => pipe.write(bytes, onTaken),
        end: () => pipe.end(),
        destroy: () => pipe.destroy(),
      };
      return { ...whole, ...change(whole) };
    };
    return { ...place, link: { ...place.link, dial, ...changeLink(place.link) } };
  };
}

const BROKEN: readonly [string, string, MakeLink][] = [
  [
    'says twice that it took a write',
    'says once of every write that it was taken',
    broken((pipe) => ({
      write: (bytes, onTaken) =>
        pipe.write(bytes, () => {
          onTaken();
          onTaken();
        }),
    })),
  ],
  [
    'sends bytes later than it takes them',
    'lets the bytes be used again when they are taken',
    broken((pipe) => ({
      write: (bytes, onTaken) => {
        onTaken();
        setTimeout(() => pipe.write(bytes, () => {}), 5);
      },
    })),
  ],
  [
    'loses what is written last',
    'delivers everything before an end',
    broken((pipe) => {
      let latest: Uint8Array | undefined;
      return {
        write: (bytes, onTaken) => {
          if (latest !== undefined) pipe.write(latest, () => {});
          latest = bytes.slice();
          onTaken();
        },
      };
    }),
  ],
  ['keeps open what it destroys', 'tells the other end when it is destroyed', broken(() => ({ destroy: () => {} }))],
  [
    'is dialed by someone who has given up',
    'is not dialed when the signal is aborted already',
    broken(
      () => ({}),
      (link) => ({ dial: (events) => link.dial(events, new AbortController().signal) }),
    ),
  ],
];

describe('a link', () => {
  test.each(BROKEN)('that %s fails the test that it %s', async (_, name, makeLink) => {
    const failures = await failuresOf((suite) => describeLinkCompliance({ runner: suite, name: 'it', makeLink }), name);
    expect(failures).toEqual([{ name: expect.stringContaining(name), error: expect.any(ComplianceError) }]);
  });

  test('that does nothing wrong fails none', async () => {
    const makeLink = memoryLink;
    expect(await failuresOf((suite) => describeLinkCompliance({ runner: suite, name: 'it', makeLink }))).toEqual([]);
  });
});
