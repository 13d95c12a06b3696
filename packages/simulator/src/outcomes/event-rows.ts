// A recording as rows of text, in the order in which things happened: for those who read, search or listen instead of
// looking.

import type { PathEvent, StageName } from '../path/events.js';
import { eventsOf, type OutcomeEvent, type OutcomeRecording } from './events.js';
import { type Journey, journeysOf } from './journeys.js';
import { codeText, countText, msText } from './summary.js';

/** What happened, and on which lane. */
export interface RowText {
  readonly lane: 'program' | 'send buffer' | 'WiFi' | 'server' | 'agent' | 'fault';
  readonly text: string;
}

/** One row. `atMs`: in milliseconds from the beginning of the recording. */
export interface EventRow extends RowText {
  readonly atMs: number;
}

const STAGE_TEXT: Readonly<Record<StageName, string>> = {
  chip: 'WiFi chip',
  accessPoint: 'access point',
  router: 'router',
  server: 'server',
};

/** The rows of a recording. Segments without data are left out. */
export function eventRows(recording: OutcomeRecording): EventRow[] {
  const journeyRows = rowsOfJourneys(recording);
  const bufferRows = rowsOfBuffer(recording);
  return recording.events.flatMap((event) => {
    const row = event.type === 'path' ? journeyRows.get(event.step) : (bufferRows.get(event) ?? rowOf(event));
    return row === undefined ? [] : [{ atMs: event.atMs, ...row }];
  });
}

function rowOf(event: OutcomeEvent): RowText | undefined {
  switch (event.type) {
    case 'called': {
      const { message, dataBytes } = event;
      return { lane: 'program', text: `calls send(${message}) with ${countText(dataBytes)} bytes of data` };
    }
    case 'returned':
      return { lane: 'program', text: `send(${event.message}) returns ${codeText(event.code)}` };
    case 'suspended':
      return { lane: 'program', text: 'is halted' };
    case 'resumed':
      return { lane: 'program', text: 'goes on' };
    case 'connected':
      return { lane: 'WiFi', text: 'the device is connected to the server' };
    case 'disconnected':
      return { lane: 'WiFi', text: `the connection is gone: ${event.detail}` };
    case 'serverAckSent':
      return { lane: 'server', text: `sends the server ack: ${messagesText(event.count)} received` };
    case 'serverAckCame':
      return { lane: 'WiFi', text: `the server ack is back: ${messagesText(event.count)} received` };
    case 'received':
      return { lane: 'server', text: `has all of message ${event.message}` };
    case 'handled':
      return { lane: 'agent', text: `has handled message ${event.message}` };
    case 'dropped':
      return { lane: 'agent', text: `drops message ${event.message}: ${event.reason}` };
    case 'faultBegan':
      return { lane: 'fault', text: `${event.fault.text}, for ${countText(event.fault.forMs)} ms` };
    default:
      return undefined;
  }
}

function messagesText(count: number): string {
  return `${count} ${count === 1 ? 'message' : 'messages'} of this connection`;
}

/** What the fill goes through in one instant is one row, at the first change. */
function rowsOfBuffer(recording: OutcomeRecording): Map<OutcomeEvent, RowText> {
  const [first, ...changes] = eventsOf(recording, 'filled');
  const taken = eventsOf(recording, 'taken');
  const rows = new Map<OutcomeEvent, RowText>();
  let before = first?.usedBytes ?? 0;
  let instantMs = -1;
  for (const change of changes) {
    const { atMs } = change;
    if (atMs === instantMs) continue;
    instantMs = atMs;
    const fills = changes.filter((other) => other.atMs === atMs).map(({ usedBytes }) => usedBytes);
    const after = fills.at(-1) as number;
    const peak = Math.max(...fills);
    const over = peak > before && peak > after ? ` over ${countText(peak)}` : '';
    const packets = taken.filter((other) => other.atMs === atMs).length;
    const chip = packets === 0 ? '' : `; the WiFi chip takes ${packets} ${packets === 1 ? 'packet' : 'packets'}`;
    rows.set(change, {
      lane: 'send buffer',
      text: `from ${countText(before)}${over} to ${countText(after)} bytes${chip}`,
    });
    before = after;
  }
  return rows;
}

/** A packet is one row: up, when it leaves the chip; down, when it gets no further. */
function rowsOfJourneys(recording: OutcomeRecording): Map<PathEvent, RowText> {
  const rows = new Map<PathEvent, RowText>();
  for (const journey of journeysOf(recording).filter(({ bytes }) => bytes > 0)) {
    const { direction, steps, end } = journey;
    const last = steps.at(-1) as PathEvent;
    if (direction === 'up')
      rows.set(end === 'lost' ? last : (steps[1] ?? last), { lane: 'WiFi', text: wayUp(journey, last) });
    else if (end !== 'arrived') {
      const fate = `${end === 'lost' ? 'is lost' : 'stays'} in the ${STAGE_TEXT[last.stage]}`;
      rows.set(last, { lane: 'server', text: `a packet of ${journey.bytes} bytes for the device ${fate}` });
    }
  }
  return rows;
}

function wayUp({ bytes, vain, end }: Journey, last: PathEvent): string {
  const packet = `a packet of ${bytes} bytes`;
  const again = vain.length === 0 ? '' : `, sent again ${vain.length === 1 ? 'once' : `${vain.length} times`} by radio`;
  const place = STAGE_TEXT[last.stage];
  if (end === 'lost') return `${packet} is lost in the ${place}${again}`;
  if (end === 'underWay') return `${packet} stays in the ${place}${again}`;
  return `${packet} leaves over the radio${again}; it comes to the server at ${msText(last.atMs)} ms`;
}
