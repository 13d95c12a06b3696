// Holdfast, with its stores. Acknowledged is what the agent's handler has done and the inbox has recorded.

import { join } from 'node:path';
import { createAgent } from '@holdfast/agent';
import { tcpListener } from '@holdfast/agent/tcp';
import { openReliableChannel, type StoreFactory } from '@holdfast/reliable-channel';
import { lmdbStore } from '@holdfast/reliable-channel/lmdb';
import { memoryStore } from '@holdfast/reliable-channel/memory';
import { createTransport } from '@holdfast/transport';
import { tcp } from '@holdfast/transport/tcp';
import { Flow } from './flow.js';
import type { Peer } from './peer.js';

/** Both ends keep their stores in memory: messages outlive links, not processes. */
export const holdfastMemory: Peer = holdfast('holdfast-memory', () => memoryStore());

/** Both ends keep their stores on disk, flushed: messages outlive power cuts. */
export const holdfastLmdb: Peer = holdfast('holdfast-lmdb', (folder) => lmdbStore(folder));

/** A gateway's; the default is an imp's 3456 bytes. */
const SEND_BUFFER_BYTES = 262_144;

function holdfast(name: string, storeIn: (folder: string) => StoreFactory): Peer {
  return {
    name,
    packages: ['@holdfast/agent', '@holdfast/reliable-channel'],
    startAgent: async ({ folder, outstandingMax }) => {
      const store = storeIn(join(folder, 'inbox'));
      const agent = createAgent({ listeners: [tcpListener({ port: 0 })], store, creditMessages: outstandingMax });
      let handled = 0;
      agent.on('reading', () => {
        handled += 1;
      });
      const [listener] = await agent.listen();
      return { port: listener?.port ?? 0, handled: () => handled };
    },
    openDevice: async (port, { folder, messageBytes, outstandingMax }) => {
      const link = tcp({ host: '127.0.0.1', port });
      const transport = createTransport({ deviceId: 'bench', link, sendBufferBytes: SEND_BUFFER_BYTES });
      const channel = await openReliableChannel({ transport, store: storeIn(join(folder, 'outbox')) });
      const data = new Uint8Array(messageBytes).fill(7);
      const flow = new Flow(outstandingMax, () => channel.send('reading', data));
      channel.observe((event) => {
        if (event.type === 'acknowledged') flow.acknowledged(event.last - event.first + 1);
      });
      return { deliver: (count) => flow.deliver(count) };
    },
  };
}
