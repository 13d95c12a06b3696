// One panel of the picture: the lanes of one run, time from left to right, and in words below what it comes to. Everything
// stands where an event of the recording says.

import type { PathEvent, StageName } from '../path/events.js';
import { eventsOf, type OutcomeRecording } from './events.js';
import { type Journey, journeysOf } from './journeys.js';
import { agentText, codeText, countText, msText, policyText, returnsText } from './summary.js';
import { escapeMarkup, px, wrapText } from './svg.js';

/** The size of a panel. */
export const PANEL = Object.freeze({ width: 496, height: 300 });

const LEFT = 74;
const RIGHT = PANEL.width - 6;
const PROGRAM_Y = 57;
const BUFFER = { top: 76, base: 112 };
const AGENT_Y = 194;
const FAULT_Y = 213;
const AXIS_Y = 223;
const STAGE_Y: Readonly<Record<StageName, number>> = { chip: 130, accessPoint: 143, router: 157, server: 170 };
const WORDS_Y = 251;
const LINE_HEIGHT = 14;
/** Words are set by their number of characters, since nobody knows the reader's font. */
const LINE_CHARACTERS = 88;
const NOTE_CHARACTER_WIDTH = 5.2;
const TICK_MS = 100;
/** Half the height of a call's bar. */
const BAR_HALF = 5;
/** A note inside the curve needs this much room. */
const NOTE_WIDTH = 24;

/** Draws a panel with its upper left corner at 0, 0. `letter` names it. */
export function panelSvg(recording: OutcomeRecording, letter: string): string {
  return new Panel(recording).draw(letter);
}

class Panel {
  readonly #recording: OutcomeRecording;

  constructor(recording: OutcomeRecording) {
    this.#recording = recording;
  }

  draw(letter: string): string {
    const { outcome } = this.#recording;
    const title = `${letter}. ${outcome.title}`;
    return [
      `<title>${escapeMarkup(title)}</title>`,
      `<text class="letter" x="0" y="14">${letter}</text>`,
      `<text class="heading" x="18" y="14">${escapeMarkup(outcome.title)}</text>`,
      `<text class="policy" x="18" y="28">${escapeMarkup(policyText(outcome))}</text>`,
      ...this.#lanes(),
      ...this.#faults(),
      ...this.#journeys(),
      ...this.#buffer(),
      ...this.#connection(),
      ...this.#program(),
      ...this.#serverAndAgent(),
      ...this.#words(),
    ].join('\n');
  }

  #x(ms: number): number {
    const { lengthMs } = this.#recording;
    return LEFT + (Math.min(ms, lengthMs) / lengthMs) * (RIGHT - LEFT);
  }

  // ---- what all panels have alike

  #lanes(): string[] {
    const { lengthMs, capacityBytes } = this.#recording;
    const ticks = Array.from({ length: Math.floor(lengthMs / TICK_MS) + 1 }, (_, index) => index * TICK_MS);
    const name = (y: number, text: string): string =>
      `<text class="lane" x="${LEFT - 8}" y="${px(y + 3.5)}">${text}</text>`;
    return [
      ...ticks.map((ms) => {
        const text = ms === lengthMs ? `${ms} ms` : String(ms);
        const place = ms === lengthMs ? 'tick end' : 'tick';
        const x = px(this.#x(ms));
        return `<path class="grid" d="M${x} ${PROGRAM_Y - 10}V${AXIS_Y}"/><text class="${place}" x="${x}" y="${AXIS_Y + 10}">${text}</text>`;
      }),
      name(PROGRAM_Y, 'program'),
      name(BUFFER.base - 22, 'send buffer'),
      `<text class="lane small" x="${LEFT - 8}" y="${BUFFER.base - 6}">${countText(capacityBytes)} bytes</text>`,
      name(STAGE_Y.chip, 'WiFi'),
      name(STAGE_Y.server, 'server'),
      name(AGENT_Y, 'agent'),
      name(FAULT_Y, 'fault'),
      ...[PROGRAM_Y, STAGE_Y.server, AGENT_Y].map((y) => `<path class="line" d="M${LEFT} ${y}H${RIGHT}"/>`),
      `<path class="limit" d="M${LEFT} ${BUFFER.top}H${RIGHT}"/>`,
    ];
  }

  #words(): string[] {
    const { outcome } = this.#recording;
    const told = wrapText(`${returnsText(this.#recording)}.`, LINE_CHARACTERS - 6);
    const said = [
      ...wrapText(`The sender may believe ${outcome.belief}`, LINE_CHARACTERS),
      ...wrapText(`The agent really got ${agentText(this.#recording)}.`, LINE_CHARACTERS),
    ];
    return [...told.map((line) => ['told', line]), ...said.map((line) => ['said', line])].map(
      ([kind, line], index) =>
        `<text class="${kind}" x="0" y="${WORDS_Y + index * LINE_HEIGHT}">${escapeMarkup(line as string)}</text>`,
    );
  }

  // ---- lanes from above to below

  #program(): string[] {
    const returned = eventsOf(this.#recording, 'returned');
    return eventsOf(this.#recording, 'called').flatMap(({ call, message, atMs }) => {
      const answer = returned.find((event) => event.call === call);
      const from = this.#x(atMs);
      const to = this.#x(answer?.atMs ?? this.#recording.lengthMs);
      return [
        `<rect class="call" x="${px(from)}" y="${PROGRAM_Y - BAR_HALF}" width="${px(Math.max(1.5, to - from))}" height="${2 * BAR_HALF}"/>`,
        ...this.#halts(atMs, answer?.atMs ?? this.#recording.lengthMs),
        `<text class="message" x="${px(from)}" y="${PROGRAM_Y - 8}">${message}</text>`,
        answer === undefined
          ? ''
          : `<text class="code" x="${px(to + 5)}" y="${PROGRAM_Y + 3.5}">${codeText(answer.code)}</text>`,
      ];
    });
  }

  #halts(fromMs: number, toMs: number): string[] {
    return eventsOf(this.#recording, 'suspended')
      .filter(({ atMs }) => atMs >= fromMs && atMs <= toMs)
      .flatMap(({ atMs }) => {
        const resumed = eventsOf(this.#recording, 'resumed').find((event) => event.atMs >= atMs);
        const from = this.#x(atMs);
        const to = this.#x(resumed?.atMs ?? this.#recording.lengthMs);
        return [
          `<rect class="halt" x="${px(from)}" y="${PROGRAM_Y - BAR_HALF}" width="${px(to - from)}" height="${2 * BAR_HALF}"/>`,
          `<text class="note middle" x="${px((from + to) / 2)}" y="${PROGRAM_Y - 8}">halted</text>`,
        ];
      });
  }

  /** The curve of the fill, and the packets that the chip takes out. */
  #buffer(): string[] {
    const { capacityBytes } = this.#recording;
    const y = (bytes: number): string => px(BUFFER.base - (bytes / capacityBytes) * (BUFFER.base - BUFFER.top));
    const curve = eventsOf(this.#recording, 'filled').map(({ atMs, usedBytes }, index) => {
      return index === 0 ? `M${px(this.#x(atMs))} ${y(usedBytes)}` : `H${px(this.#x(atMs))}V${y(usedBytes)}`;
    });
    const path = `${curve.join('')}H${RIGHT}`;
    const taken = new Set(eventsOf(this.#recording, 'taken').map(({ atMs }) => px(this.#x(atMs))));
    return [
      `<path class="fill" d="${path}V${BUFFER.base}H${LEFT}Z"/>`,
      `<path class="curve" d="${path}"/>`,
      ...this.#fullNotes(),
      ...[...taken].map((x) => `<path class="packet" d="M${x} ${BUFFER.base}V${STAGE_Y.chip - 3}"/>`),
    ];
  }

  #fullNotes(): string[] {
    const { capacityBytes, lengthMs } = this.#recording;
    const filled = eventsOf(this.#recording, 'filled');
    return filled.flatMap(({ atMs, usedBytes }, index) => {
      const from = this.#x(atMs);
      const to = this.#x(filled[index + 1]?.atMs ?? lengthMs);
      if (usedBytes < capacityBytes || to - from < NOTE_WIDTH) return [];
      return [
        `<text class="note middle" x="${px((from + to) / 2)}" y="${(BUFFER.top + BUFFER.base) / 2 + 4}">full</text>`,
      ];
    });
  }

  /** The lane of the WiFi chip is drawn while there is a connection. */
  #connection(): string[] {
    const parts: string[] = [];
    let since: number | undefined = 0;
    const drawTo = (atMs: number): void => {
      if (since !== undefined) {
        parts.push(`<path class="up" d="M${px(this.#x(since))} ${STAGE_Y.chip}H${px(this.#x(atMs))}"/>`);
      }
    };
    for (const { type, atMs } of this.#recording.events) {
      if (type === 'connected') since = atMs;
      if (type !== 'disconnected') continue;
      drawTo(atMs);
      since = undefined;
      const x = this.#x(atMs);
      parts.push(
        `<path class="cut" d="M${px(x)} ${PROGRAM_Y + BAR_HALF}V${STAGE_Y.chip + 5}"/>`,
        `<text class="note" x="${px(x + 5)}" y="${(BUFFER.top + BUFFER.base) / 2 + 4}">disconnected</text>`,
      );
    }
    drawTo(this.#recording.lengthMs);
    return parts;
  }

  #journeys(): string[] {
    return journeysOf(this.#recording).flatMap((journey) => this.#journey(journey));
  }

  #journey({ direction, bytes, steps, vain, end }: Journey): string[] {
    // What waits in the chip is not on its way yet.
    const way = direction === 'up' ? steps.slice(1) : steps;
    const places = way.map(({ atMs, stage }) => `${px(this.#x(atMs))} ${STAGE_Y[stage]}`);
    const kind = bytes === 0 ? 'bare' : direction === 'up' ? 'packet' : 'ack';
    const last = steps.at(-1) as PathEvent;
    const x = this.#x(last.atMs);
    const y = STAGE_Y[last.stage];
    const held = end === 'underWay' && places.length > 0 ? `H${px(this.#x(this.#recording.lengthMs))}` : '';
    const look = held === '' ? kind : `${kind} held`;
    return [
      places.length > 1 || held !== '' ? `<path class="${look}" d="M${places.join('L')}${held}"/>` : '',
      ...vain.map(({ atMs, stage }) => `<path class="vain" d="M${px(this.#x(atMs))} ${STAGE_Y[stage] + 1}v6"/>`),
      end === 'lost' && bytes > 0 ? `<path class="lost" d="M${px(x - 3)} ${y - 3}l6 6m0 -6l-6 6"/>` : '',
    ];
  }

  #serverAndAgent(): string[] {
    const { server, chip } = STAGE_Y;
    const down = (atMs: number): string => `<path class="packet" d="M${px(this.#x(atMs))} ${server}V${AGENT_Y - 8}"/>`;
    const returnedMs = new Set(eventsOf(this.#recording, 'returned').map(({ atMs }) => atMs));
    return [
      ...eventsOf(this.#recording, 'received').map(({ atMs }) => {
        return `<rect class="solid" x="${px(this.#x(atMs) - 3.5)}" y="${server - 3.5}" width="7" height="7"/>`;
      }),
      ...eventsOf(this.#recording, 'serverAckCame').map(({ atMs }) => {
        const to = returnedMs.has(atMs) ? PROGRAM_Y + BAR_HALF + 2 : BUFFER.base;
        return `<path class="ack arrow" d="M${px(this.#x(atMs))} ${chip}V${to}"/>`;
      }),
      ...eventsOf(this.#recording, 'handled').flatMap(({ atMs, message }) => [
        down(atMs),
        `<circle class="solid" cx="${px(this.#x(atMs))}" cy="${AGENT_Y}" r="7"/>`,
        `<text class="got" x="${px(this.#x(atMs))}" y="${AGENT_Y + 3.5}">${message}</text>`,
      ]),
      ...eventsOf(this.#recording, 'dropped').flatMap(({ atMs, reason }) => [
        down(atMs),
        `<circle class="drop" cx="${px(this.#x(atMs))}" cy="${AGENT_Y}" r="7"/>`,
        `<path class="lost" d="M${px(this.#x(atMs) - 3)} ${AGENT_Y - 3}l6 6m0 -6l-6 6"/>`,
        `<text class="note" x="${px(this.#x(atMs) + 11)}" y="${AGENT_Y + 3.5}">dropped: ${escapeMarkup(reason)}</text>`,
      ]),
    ];
  }

  // ---- faults

  /** A fault has a lane of its own for its name, and is marked where the segments meet it. */
  #faults(): string[] {
    const faults = eventsOf(this.#recording, 'faultBegan');
    if (faults.length === 0) return [`<text class="note" x="${LEFT}" y="${FAULT_Y + 3.5}">none</text>`];
    return faults.flatMap(({ atMs, fault }) => {
      const { lengthMs } = this.#recording;
      const from = this.#x(atMs);
      const to = this.#x(atMs + fault.forMs);
      const band = `x="${px(from)}" width="${px(to - from)}" height="12"`;
      const y = fault.stage === 'agent' ? AGENT_Y : STAGE_Y[fault.stage];
      const toText = atMs + fault.forMs > lengthMs ? '' : ` to ${msText(atMs + fault.forMs)}`;
      const text = `${fault.text}, from ${msText(atMs)}${toText} ms`;
      const isInside = text.length * NOTE_CHARACTER_WIDTH < to - from;
      return [
        `<rect class="fault" ${band} y="${y - 6}"/>`,
        `<rect class="fault" ${band} y="${FAULT_Y - 6}"/>`,
        `<text class="note${isInside ? ' inside' : ''}" x="${px((isInside ? from : to) + 4)}" y="${FAULT_Y + 3.5}">${escapeMarkup(text)}</text>`,
      ];
    });
  }
}
