// Players of the machines: a connection (policies, states), its recovery, and the receiving half with its inbox.

import {
  type ChannelFrame,
  encodeEntry,
  encodeFrame,
  FRAME_MAX_BYTES,
  type Frame,
  FrameDecoder,
  type Headers,
  type LaneHandled,
  type TimeoutInput,
} from '@holdfast/protocol/core';
import {
  decodeInbox,
  decodeResults,
  type HandledMessage,
  type LaneResults,
  Receiver,
  type ReceiverInput,
  type ReceiverOutput,
  type ResultsRecord,
  resultsNumberOf,
  type StoreOperation,
} from '@holdfast/reliable-channel/core';
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

/**
 * Inbox: the inputs of the receiving half, and `begin` and `beginTransaction` for the commits that begin, which put out what
 * they write. A data frame lists its messages as `[name, hex]`, and headers as a third part; values of replies are hex digits.
 */
export const playInbox: CreatePlayer = ({ lanes, ...options }) => {
  const senderId = 'imp';
  const record = lanes === undefined ? undefined : { epoch: EPOCH, lanes: lanes as unknown as LaneHandled[] };
  const core = new Receiver({ senderId, creditMessages: Number(options.creditMessages) }, { record, results: [] });
  return {
    play: (input, atMs) => {
      if (input.type === 'begin') return [describeCommit(core.beginRecord())];
      if (input.type === 'beginTransaction') {
        const { type: _, ...message } = handledInput(input);
        return [describeCommit(core.beginTransaction(message as unknown as HandledMessage))];
      }
      core.handle(receiverInput(input), atMs);
      const outputs: Json[] = [];
      for (let output = core.poll(); output !== undefined; output = core.poll()) outputs.push(describeReceiver(output));
      return outputs;
    },
    state: () => ({ waiting: core.waitingCount, isIdle: core.isIdle, keptResults: core.keptResults }),
  };
};

/** The epoch of what a case begins with. */
const EPOCH = '00000000000000aa';

function receiverInput(input: JsonObject): ReceiverInput {
  if (input.type === 'handled') return handledInput(input) as unknown as ReceiverInput;
  const frame = input.frame as JsonObject | undefined;
  if (frame?.type !== 'data') return input as unknown as ReceiverInput;
  const { messages, ...fields } = frame;
  const entries = (messages as readonly (readonly [string, string, Headers?])[]).flatMap(([name, hex, headers]) => [
    ...encodeEntry(name, bytesOf(hex), headers),
  ]);
  const data = { ...fields, count: (messages as Json[]).length, entries: Uint8Array.from(entries) };
  return { type: 'frame', frame: data as unknown as ChannelFrame };
}

/** A reply's value to bytes. */
function handledInput(input: JsonObject): { readonly type?: unknown; readonly answer?: unknown } {
  const answer = input.answer as JsonObject | undefined;
  return answer?.kind === 'reply' ? { ...input, answer: { ...answer, value: bytesOf(answer.value) } } : input;
}

/** Texts for people are not part of the contract; everything else is. */
function describeReceiver(output: ReceiverOutput): Json {
  if (output.type === 'deliver') {
    const { data, ...message } = output.message;
    return { type: 'deliver', message: { ...message, hex: hexOf(data) } as unknown as Json };
  }
  if (output.type !== 'frame') return output as unknown as Json;
  const { frame } = output;
  if (frame.type === 'results') return { type: 'frame', frame: describeResults(frame) };
  if (frame.type !== 'nack') return output as unknown as Json;
  const { reason: _, ...fields } = frame;
  return { type: 'frame', frame: fields as unknown as Json };
}

/** What a commit does: the record of the lanes, the records of results that it adds, and those that it deletes, by number. */
function describeCommit(operations: readonly StoreOperation[]): Json {
  let lanes: Json | undefined;
  const added: Json[] = [];
  const deleted: Json[] = [];
  for (const operation of operations) {
    const isResults = operation.key.includes('/results/');
    if (operation.type === 'delete') deleted.push(resultsNumberOf(operation.key));
    else if (isResults) {
      const { lanes: list } = decodeResults(operation.value) as ResultsRecord;
      added.push({ number: resultsNumberOf(operation.key), lanes: list.map(describeResults) } as unknown as Json);
    } else lanes = decodeInbox(operation.value) as unknown as Json;
  }
  return {
    type: 'commit',
    ...(lanes !== undefined && { record: lanes }),
    ...(added.length > 0 && { results: added }),
    ...(deleted.length > 0 && { deleted }),
  };
}

function describeResults<Fields extends LaneResults>(fields: Fields): Json {
  const results = fields.results.map((each) => (each.kind === 'reply' ? { ...each, value: hexOf(each.value) } : each));
  return { ...fields, results } as unknown as Json;
}
