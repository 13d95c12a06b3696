// One cell of the grid in virtual time: the real transport, channel and agent, over a simulated path that loses nothing.
// Computing takes no time there, so the figures are those of the link and the protocol alone, the same in every run.

import { createAgent } from '@holdfast/agent';
import { memoryListener } from '@holdfast/agent/memory';
import { openReliableChannel } from '@holdfast/reliable-channel';
import { memoryStore } from '@holdfast/reliable-channel/memory';
import { createSimulatedNetwork, createVirtualRuntime, type VirtualRuntime } from '@holdfast/simulator';
import { createTransport, type Transport } from '@holdfast/transport';
import { type Cell, OUTSTANDING, type PolicyName } from './grid.js';
import { MESSAGE_NAME, type Sending, sendForAck, sendReliably, sendTilSent } from './senders.js';

/** What a policy achieved. */
export interface CellResult {
  /** Handled by the agent. */
  readonly messagesPerSecond: number;
  /** Until the sender knew, in milliseconds; none under WAIT_TIL_SENT, where a sender never knows. */
  readonly ackMs: readonly number[];
}

const SEED = 1;
/** Nothing of the path but its line and its latency is to show. */
const ROOM_BYTES = 2 ** 30;
const NEVER_MS = 80_000_000;
const MEASURED_MESSAGES = 400;
const MEASURED_ROUND_TRIPS = 6;
/** A channel puts as many messages into a frame as the send buffer has room for, up to this. */
const FRAME_MAX_BYTES = 65_536;
const MEASURED_FRAMES = 40;
/** A channel's window is to hold what the link holds; the defaults are for fewer messages on their way. */
const WINDOW_MESSAGES = 100_000;

/** Measures one policy in one cell. @throws Error when a message was lost or a send failed, which no cell gives a reason for */
export async function runSimulatedCell(cell: Cell, policy: PolicyName, expectedPerSecond: number): Promise<CellResult> {
  const runtime = createVirtualRuntime({ seed: SEED });
  const network = createSimulatedNetwork({ runtime, seed: SEED, parameters: pathOf(cell) });
  const agent = createAgent({
    listeners: [memoryListener(network)],
    store: memoryStore(),
    runtime,
    creditMessages: WINDOW_MESSAGES,
    agentQueueMaxMessages: WINDOW_MESSAGES,
    deviceQueueMaxMessages: WINDOW_MESSAGES,
  });
  let handled = 0;
  agent.on(MESSAGE_NAME, () => {
    handled += 1;
  });
  await agent.listen();
  const transport = createTransport({
    deviceId: 'bench',
    link: network.device('bench').link(),
    ...{ sendBufferBytes: cell.sendBufferBytes, sendBufferMaxBytes: cell.sendBufferBytes },
    ...{ keepaliveIdleMs: NEVER_MS, runtime },
  });
  await connect(transport, runtime);
  const sending = await startSending(policy, transport, runtime, cell);

  // Until the pipe is full, and then over whole round trips, because windows come in bursts.
  const messages = messagesToMeasure(cell, policy);
  await runtime.advance(warmUpMs(cell, messages / expectedPerSecond));
  const [startMs, startHandled] = [runtime.nowMs(), handled];
  sending.takeTimes();
  await runtime.advance(measuredMs(cell, messages / expectedPerSecond));
  const messagesPerSecond = ((handled - startHandled) * 1_000) / (runtime.nowMs() - startMs);
  const ackMs = policy === 'wait-til-sent' ? [] : sending.takeTimes();
  sending.stop();
  transport.powerOff();
  if (sending.failure !== undefined) throw sending.failure;
  const dropped = Object.values(agent.stats().droppedMessages).reduce((sum, count) => sum + count, 0);
  if (dropped > 0) throw new Error(`the agent dropped ${dropped} messages`);
  return { messagesPerSecond, ackMs };
}

function pathOf({ roundTripMs, bytesPerSecond, sendBufferBytes }: Cell): object {
  const line = { latencyMs: 0, jitterMs: 0, bytesPerSecond: 0, capacityBytes: ROOM_BYTES, loss: { probability: 0 } };
  return {
    chip: {
      ...line,
      ...{ bytesPerSecond, capacityBytes: sendBufferBytes, radioSlotMs: 0 },
      ...{ retransmitMs: NEVER_MS, unansweredMaxMs: NEVER_MS },
    },
    accessPoint: line,
    router: { ...line, latencyMs: roundTripMs / 2 },
    server: { ...line, sendBufferBytes: ROOM_BYTES },
  };
}

async function connect(transport: Transport, runtime: VirtualRuntime): Promise<void> {
  const release = transport.keepConnected();
  const isUp = await runtime.runUntil(() => transport.isConnected(), { limitMs: 60_000 });
  release();
  if (!isUp) throw new Error('the simulated network did not connect');
}

async function startSending(
  policy: PolicyName,
  transport: Transport,
  runtime: VirtualRuntime,
  cell: Cell,
): Promise<Sending> {
  const data = new Uint8Array(cell.messageBytes).fill(7);
  if (policy === 'wait-til-sent') return sendTilSent(transport, runtime, data);
  if (policy !== 'reliable') return sendForAck(transport, runtime, data, OUTSTANDING[policy]);
  const channel = await openReliableChannel({
    ...{ transport, store: memoryStore() },
    ...{ windowMaxMessages: WINDOW_MESSAGES, windowMaxBytes: ROOM_BYTES },
    ackTimeout: { initialMs: NEVER_MS, minMs: NEVER_MS, maxMs: NEVER_MS },
  });
  return sendReliably(channel, runtime, data, outboxMessages(cell));
}

/** Enough that the outbox never runs dry: twice what link and send buffer hold, and what the line carries in a round trip. */
function outboxMessages({ roundTripMs, bytesPerSecond, sendBufferBytes, messageBytes }: Cell): number {
  const lineBytes = (Math.min(bytesPerSecond, Number.MAX_SAFE_INTEGER) * roundTripMs) / 1_000;
  const inFlightBytes = Math.min(lineBytes, sendBufferBytes);
  return Math.ceil((2 * (inFlightBytes + 2 * sendBufferBytes)) / messageBytes) + 16;
}

/** Of the largest frames, which arrive as one, there must be many. */
function messagesToMeasure({ messageBytes, sendBufferBytes }: Cell, policy: PolicyName): number {
  if (policy !== 'reliable') return MEASURED_MESSAGES;
  return Math.max(MEASURED_MESSAGES, (MEASURED_FRAMES * Math.min(FRAME_MAX_BYTES, sendBufferBytes)) / messageBytes);
}

/** Until the pipe is full and some frames have gone through. */
function warmUpMs({ roundTripMs }: Cell, seconds: number): number {
  return 3 * roundTripMs + seconds * 250;
}

/** Whole round trips, as windows come in bursts. */
function measuredMs({ roundTripMs }: Cell, seconds: number): number {
  if (roundTripMs === 0) return seconds * 1_000;
  return Math.max(MEASURED_ROUND_TRIPS, Math.ceil((seconds * 1_000) / roundTripMs)) * roundTripMs;
}
