// MQTT.js with QoS 1. The broker acknowledges that it has taken a message; that the application has handled it, the
// application has to say with a message of its own. The broker is aedes, in the agent's process, and the application
// subscribes to it without a socket in between: kinder to MQTT than a broker of its own.

import { createServer } from 'node:net';
import { join } from 'node:path';
import { Aedes } from 'aedes';
import { connectAsync, type IClientOptions } from 'mqtt';
import mqttLevelStore from 'mqtt-level-store';
import { Flow } from './flow.js';
import { listen } from './listen.js';
import type { Peer } from './peer.js';

/** With MQTT.js's store in memory. */
export const mqttQos1: Peer = mqtt('mqtt-qos1', () => ({}));

/** With its LevelDB store, so that messages outlive the process. It does not flush to disk. */
export const mqttQos1Level: Peer = mqtt('mqtt-qos1-level', (folder) => {
  const { incoming, outgoing } = mqttLevelStore(join(folder, 'mqtt'));
  return { incomingStore: incoming, outgoingStore: outgoing };
});

const READINGS = 'bench/readings';
const ACKS = 'bench/acks';
const NUMBER_BYTES = 4;
/** MQTT numbers messages on their way with 16 bits, and the acknowledgements need numbers too. */
const OUTSTANDING_LIMIT = 32_768;

function mqtt(name: string, storesIn: (folder: string) => Partial<IClientOptions>): Peer {
  return {
    name,
    packages: ['mqtt', 'aedes', ...(name.endsWith('level') ? ['mqtt-level-store'] : [])],
    startAgent: async () => {
      const broker = await Aedes.createBroker();
      let handled = 0;
      broker.subscribe(
        READINGS,
        ({ payload }, done) => {
          handled += 1;
          const number = Buffer.from(payload).subarray(0, NUMBER_BYTES);
          const ack = { cmd: 'publish', topic: ACKS, payload: number, qos: 0, dup: false, retain: false } as const;
          broker.publish(ack, () => {});
          done();
        },
        () => {},
      );
      return { port: await listen(createServer(broker.handle)), handled: () => handled };
    },
    openDevice: async (port, { folder, messageBytes, outstandingMax }) => {
      const client = await connectAsync(`mqtt://127.0.0.1:${port}`, {
        ...{ clientId: 'bench', clean: false },
        ...storesIn(folder),
      });
      await client.subscribeAsync(ACKS, { qos: 0 });
      const waiting = new Set<number>();
      let number = 0;
      const flow = new Flow(Math.min(outstandingMax, OUTSTANDING_LIMIT), () => {
        number = (number + 1) % 2 ** 32;
        const message = Buffer.alloc(NUMBER_BYTES + messageBytes, 7);
        message.writeUInt32BE(number);
        waiting.add(number);
        client.publish(READINGS, message, { qos: 1 });
      });
      client.on('message', (_topic, payload) => {
        if (waiting.delete(payload.readUInt32BE())) flow.acknowledged(1);
      });
      return { deliver: (count) => flow.deliver(count) };
    },
  };
}
