// Players of the machines: a connection (policies, states), its recovery, and the receiving half with its inbox.

import {
  type ChannelFrame,
  encodeEntry,
  encodeFrame,
  FRAME_MAX_BYTES,
  type Frame,
  FrameDecoder,
  type TimeoutInput,
} from '@holdfast/protocol/core';
import { type InboxRecord, Receiver, type ReceiverInput, type ReceiverOutput } from '@holdfast/reliable-channel/core';
import {
  Connection,
  type ConnectionInput,
  type ConnectionOptions,
  type ConnectionOutput,
  messageFrameBytes,
  Recovery,
  type RecoveryInput,
  type RecoveryOptions,
} from '@holdfast/transport/core';
import { bytesOf, type CreatePlayer, hexOf, type Json, type JsonObject } from './player.js';

/** What a case of a connection does not set. */
const CONNECTION_OPTIONS: ConnectionOptions = {
  role: 'dialing',
  deviceId: 'imp',
  token: '',
  sendBufferBytes: 200,
  sendBufferMaxBytes: 400,
  packetBytes: 50,
  writeMaxBytes: 100,
  keepaliveIdleMs: 60_000,
  keepaliveTimeoutMs: 45_000,
  handshakeTimeoutMs: 10_000,
  closeTimeoutMs: 1_000,
  messageMaxBytes: 262_144,
};
/** The bytes of a message frame around its data, when its name is one character long. */
const FRAME_OVERHEAD_BYTES = 7;

/** Connection: the inputs of its contract; `receive` has a frame, `send` the size of its frame in bytes. */
export const playConnection: CreatePlayer = ({ isConnected, ...options }) => {
  const core = new Connection({ ...CONNECTION_OPTIONS, ...(options as Partial<ConnectionOptions>) });
  const feed = (input: ConnectionInput | TimeoutInput, atMs: number): Json[] => {
    core.handle(input, atMs);
    const outputs: Json[] = [];
    for (let output = core.poll(); output !== undefined; output = core.poll()) outputs.push(describeConnection(output));
    return outputs;
  };
  if (isConnected === true) {
    const welcome = encodeFrame({ type: 'welcome', version: 1, messageMaxBytes: 262_144 });
    feed({ type: 'connect', timeoutMs: 60_000 }, 0);
    feed({ type: 'linkOpened' }, 0);
    feed({ type: 'linkTook' }, 0);
    feed({ type: 'linkReceived', bytes: welcome }, 0);
  }
  return {
    play: (input, atMs) => feed(connectionInput(input), atMs),
    state: () => ({
      state: core.state,
      usedBytes: core.sendBuffer.usedBytes,
      heldSends: core.heldCount,
      nextTimeoutMs: core.nextTimeoutMs() ?? null,
    }),
  };
};

function connectionInput(input: JsonObject): ConnectionInput | TimeoutInput {
  if (input.type === 'receive') {
    return { type: 'linkReceived', bytes: encodeFrame(input.frame as unknown as Frame) };
  }
  if (input.type === 'linkReceived') return { type: 'linkReceived', bytes: bytesOf(input.hex) };
  if (input.type !== 'send') return input as unknown as ConnectionInput;
  const data = new Uint8Array(Number(input.bytes) - FRAME_OVERHEAD_BYTES).fill(Number(input.id));
  return { ...(input as object), bytes: messageFrameBytes('n', data) } as unknown as ConnectionInput;
}

/** Texts for people are not part of the contract; everything else is. */
function describeConnection(output: ConnectionOutput): Json {
  switch (output.type) {
    case 'linkWrite':
      return { type: 'linkWrite', ...describeBytes(output.bytes) };
    case 'connectDone':
      return { type: 'connectDone', reason: output.reason };
    case 'disconnected':
    case 'ended':
      return { type: output.type, cause: output.cause.kind };
    case 'message':
      return { type: 'message', name: output.name, hex: hexOf(output.data) };
    default:
      return output as unknown as Json;
  }
}

/** Bytes as hex digits; a frame whose reason is a text for people as its other fields. */
function describeBytes(bytes: Uint8Array): JsonObject {
  const decoder = new FrameDecoder(FRAME_MAX_BYTES);
  decoder.push(bytes.slice());
  const frame = decoder.next();
  if (frame === undefined || !('type' in frame) || !('reason' in frame)) return { hex: hexOf(bytes) };
  const { reason: _, ...fields } = frame;
  return { frame: fields as unknown as Json };
}

/** Recovery: the inputs of its contract. */
export const playRecovery: CreatePlayer = (options) => {
  const core = new Recovery(options as unknown as RecoveryOptions);
  return {
    play: (input, atMs) => {
      core.handle(input as unknown as RecoveryInput, atMs);
      const outputs: Json[] = [];
      for (let output = core.poll(); output !== undefined; output = core.poll())
        outputs.push(output as unknown as Json);
      return outputs;
    },
    state: () => ({ state: core.state, nextTimeoutMs: core.nextTimeoutMs() ?? null }),
  };
};

/** Inbox: the inputs of the receiving half; a data frame lists its messages as `[name, hex]`. */
export const playInbox: CreatePlayer = ({ record, ...options }) => {
  const core = new Receiver(
    options as unknown as { creditMessages: number },
    record === undefined ? undefined : (record as unknown as InboxRecord),
  );
  return {
    play: (input, atMs) => {
      core.handle(receiverInput(input), atMs);
      const outputs: Json[] = [];
      for (let output = core.poll(); output !== undefined; output = core.poll()) outputs.push(describeReceiver(output));
      return outputs;
    },
    state: () => ({ waiting: core.waitingCount, isIdle: core.isIdle }),
  };
};

function receiverInput(input: JsonObject): ReceiverInput {
  const frame = input.frame as JsonObject | undefined;
  if (frame?.type !== 'data') return input as unknown as ReceiverInput;
  const { messages, ...fields } = frame;
  const entries = (messages as readonly (readonly [string, string])[]).flatMap(([name, hex]) => [
    ...encodeEntry(name, bytesOf(hex)),
  ]);
  const data = { ...fields, count: (messages as Json[]).length, entries: Uint8Array.from(entries) };
  return { type: 'frame', frame: data as unknown as ChannelFrame };
}

/** Texts for people are not part of the contract; everything else is. */
function describeReceiver(output: ReceiverOutput): Json {
  if (output.type === 'deliver') {
    const { data, ...message } = output.message;
    return { type: 'deliver', message: { ...message, hex: hexOf(data) } };
  }
  if (output.type === 'frame' && output.frame.type === 'nack') {
    const { reason: _, ...frame } = output.frame;
    return { type: 'frame', frame: frame as unknown as Json };
  }
  return output as unknown as Json;
}
