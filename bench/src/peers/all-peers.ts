// Everybody who takes part, in the order of the table.

import { holdfastLmdb, holdfastMemory } from './holdfast.js';
import { mqttQos1, mqttQos1Level } from './mqtt.js';
import { natsRequest } from './nats-request.js';
import type { Peer } from './peer.js';
import { socketioAck, socketioRetries } from './socketio.js';
import { bareTcp } from './tcp.js';
import { wsAck } from './ws-ack.js';

/** All contestants. */
export const ALL_PEERS: readonly Peer[] = [
  bareTcp,
  wsAck,
  socketioAck,
  socketioRetries,
  mqttQos1,
  mqttQos1Level,
  natsRequest,
  holdfastMemory,
  holdfastLmdb,
];

/** A contestant by name. @throws Error when there is none */
export function peerNamed(name: string | undefined): Peer {
  const peer = ALL_PEERS.find((each) => each.name === name);
  if (peer === undefined) throw new Error(`there is no contestant ${name}`);
  return peer;
}
