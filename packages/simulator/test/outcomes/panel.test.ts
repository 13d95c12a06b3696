import { describe, expect, it } from 'vitest';
import type { OutcomeEvent } from '../../src/outcomes/events.js';
import { PANEL, panelSvg } from '../../src/outcomes/panel.js';
import { type Element, elementsOf, numberOf, ofClass } from './markup.js';
import { at, madeUp, recordAll, step } from './rig.js';

function draw(...events: OutcomeEvent[]): Element[] {
  return elementsOf(`<g>${panelSvg(madeUp(events), 'A')}</g>`);
}

/** Where the axis has this time. */
function tickX(elements: readonly Element[], ms: number): number {
  const tick = ofClass(elements, 'tick').find(({ text }) => text === String(ms));
  return numberOf(tick, 'x');
}

/** The lane's height, by the name beside it. */
function laneY(elements: readonly Element[], name: string): number {
  return numberOf(
    ofClass(elements, 'lane').find(({ text }) => text === name),
    'y',
  );
}

function pathsOf(elements: readonly Element[], wanted: string): string[] {
  return ofClass(elements, wanted).map(({ attributes }) => attributes.d ?? '');
}

describe('a panel', () => {
  it('puts marks where the events say: time from left to right, lanes from above to below', () => {
    const elements = draw(
      at(200, { type: 'received', message: 3 }),
      at(400, { type: 'handled', message: 3 }),
      at(600, { type: 'dropped', message: 4, reason: 'restarting' }),
    );
    const [handled] = ofClass(elements, 'solid').filter(({ name }) => name === 'circle');
    expect(numberOf(handled, 'cx')).toBe(tickX(elements, 400));
    expect(Math.abs(numberOf(handled, 'cy') - laneY(elements, 'agent'))).toBeLessThan(5);
    expect(ofClass(elements, 'got').map(({ text }) => text)).toEqual(['3']);
    const [received] = ofClass(elements, 'solid').filter(({ name }) => name === 'rect');
    expect(numberOf(received, 'x') + numberOf(received, 'width') / 2).toBeCloseTo(tickX(elements, 200), 0);
    expect(Math.abs(numberOf(received, 'y') + 3.5 - laneY(elements, 'server'))).toBeLessThan(5);
    expect(numberOf(ofClass(elements, 'drop')[0], 'cx')).toBe(tickX(elements, 600));
    expect(ofClass(elements, 'note').map(({ text }) => text)).toContain('dropped: restarting');
  });

  it('draws a call from its call to its return, halted where it was, with message and code', () => {
    const elements = draw(
      at(100, { type: 'called', call: 1, message: 7, dataBytes: 9 }),
      at(300, { type: 'suspended' }),
      at(500, { type: 'resumed' }),
      at(600, { type: 'returned', call: 1, message: 7, code: 3 }),
    );
    const span = (element: Element | undefined): number[] => [
      numberOf(element, 'x'),
      numberOf(element, 'x') + numberOf(element, 'width'),
    ];
    const near = ([from = 0, to = 0]: number[]): number[] => [Math.round(from), Math.round(to)];
    expect(near(span(ofClass(elements, 'call')[0]))).toEqual(near([tickX(elements, 100), tickX(elements, 600)]));
    expect(near(span(ofClass(elements, 'halt')[0]))).toEqual(near([tickX(elements, 300), tickX(elements, 500)]));
    expect(ofClass(elements, 'message')[0]?.text).toBe('7');
    expect(ofClass(elements, 'code')[0]?.text).toBe('3 DISCONNECTED');
  });

  it('draws a call that has not returned to the end, without a code', () => {
    const elements = draw(at(100, { type: 'called', call: 1, message: 1, dataBytes: 9 }));
    const [bar] = ofClass(elements, 'call');
    expect(numberOf(bar, 'x') + numberOf(bar, 'width')).toBeCloseTo(PANEL.width - 6, 0);
    expect(ofClass(elements, 'code')).toEqual([]);
  });

  it('draws the fill as a curve from the lane up to the size of the buffer', () => {
    const elements = draw(
      at(0, { type: 'filled', usedBytes: 0 }),
      at(200, { type: 'filled', usedBytes: 3_456 }),
      at(400, { type: 'filled', usedBytes: 1_728 }),
    );
    const [limit = ''] = pathsOf(elements, 'limit');
    const top = Number(/^M\S+ (\S+?)H/.exec(limit)?.[1]);
    const [curve = ''] = pathsOf(elements, 'curve');
    const base = Number(/^M\S+ ([0-9.]+)H/.exec(curve)?.[1]);
    const [x0, x200, x400] = [0, 200, 400].map((ms) => tickX(elements, ms));
    expect(curve).toBe(`M${x0} ${base}H${x200}V${top}H${x400}V${(top + base) / 2}H${PANEL.width - 6}`);
    expect(ofClass(elements, 'note').map(({ text }) => text)).toContain('full');
  });

  it('draws the WiFi lane while there is a connection', () => {
    const lane = pathsOf(draw(at(300, { type: 'disconnected', detail: 'gone' }), at(500, { type: 'connected' })), 'up');
    expect(lane).toHaveLength(2);
    expect(pathsOf(draw(), 'up')).toHaveLength(1);
  });

  it('draws a segment through the stages to where it came, and a lost one with a cross where it was lost', () => {
    const way = [step(90, 'chip', 'entered'), step(100, 'chip', 'left'), step(200, 'accessPoint', 'entered')];
    const arrived = draw(...way, step(300, 'server', 'entered'));
    const [x100, x200, x300] = [100, 200, 300].map((ms) => tickX(arrived, ms));
    const places =
      pathsOf(arrived, 'packet')[0]
        ?.slice(1)
        .split('L')
        .map((place) => place.split(' ').map(Number)) ?? [];
    expect(places.map(([x]) => x)).toEqual([x100, x200, x300]);
    const heights = places.map(([, y = 0]) => y);
    expect(heights).toEqual([...heights].sort((one, other) => one - other));
    expect(pathsOf(arrived, 'lost')).toEqual([]);
    const lost = draw(...way, step(300, 'accessPoint', 'lost'));
    expect(pathsOf(lost, 'lost')).toEqual([`M${(x300 ?? 0) - 3} ${(heights[1] ?? 0) - 3}l6 6m0 -6l-6 6`]);
  });

  it('draws a segment that is held to the end of the recording, without an arrow', () => {
    const [path] = ofClass(
      draw(step(1, 'chip', 'entered'), step(2, 'chip', 'left'), step(9, 'router', 'entered')),
      'held',
    );
    expect(path?.attributes.d).toMatch(new RegExp(`H${PANEL.width - 6}$`));
  });

  it('draws the ways back in other lines, and each transmission in vain as a tick', () => {
    const down = { direction: 'down', segment: 2 } as const;
    const elements = draw(
      ...[
        step(1, 'chip', 'entered', { bytes: 0 }),
        step(2, 'chip', 'left', { bytes: 0 }),
        step(3, 'server', 'entered', { bytes: 0 }),
      ],
      ...[step(4, 'server', 'entered', down), step(5, 'chip', 'entered', down)],
      ...[step(6, 'chip', 'entered', { segment: 3 }), step(7, 'chip', 'retransmitted', { segment: 3 })],
    );
    expect([pathsOf(elements, 'bare').length, pathsOf(elements, 'ack').length]).toEqual([1, 1]);
    expect(pathsOf(elements, 'vain')).toHaveLength(1);
  });

  it('takes the server ack up to the program only where that makes a send return', () => {
    const ack = at(200, { type: 'serverAckCame', count: 1 });
    const returned = at(200, { type: 'returned', call: 1, message: 1, code: 0 });
    const heightOf = (elements: Element[]): number =>
      Number(/V([0-9.]+)$/.exec(pathsOf(elements, 'arrow')[0] ?? '')?.[1]);
    expect(heightOf(draw(ack, returned))).toBeLessThan(heightOf(draw(ack)));
  });

  it('marks a fault on the lane of its stage and names it on one of its own', () => {
    const fault = { atMs: 100, stage: 'router', kind: 'stick', forMs: 200, text: 'stuck & still' } as const;
    const elements = draw(at(100, { type: 'faultBegan', fault }));
    expect(ofClass(elements, 'fault').map((band) => numberOf(band, 'x'))).toEqual(
      [100, 100].map((ms) => tickX(elements, ms)),
    );
    expect(ofClass(elements, 'note').map(({ text }) => text)).toEqual(['stuck &amp; still, from 100 to 300 ms']);
    expect(ofClass(draw(), 'note').map(({ text }) => text)).toEqual(['none']);
  });

  it('has no label on another and none beyond its edge, in any outcome', async () => {
    for (const recording of await recordAll()) {
      const { id } = recording.outcome;
      const labels = elementsOf(`<g>${panelSvg(recording, 'A')}</g>`)
        .filter(({ name }) => name === 'text')
        .map(boxOf);
      for (const [index, label] of labels.entries()) {
        expect(label.right, `${id}: ${label.text}`).toBeLessThan(PANEL.width + 12);
        expect(label.left, `${id}: ${label.text}`).toBeGreaterThanOrEqual(-1);
        expect(label.bottom, `${id}: ${label.text}`).toBeLessThan(PANEL.height + 10);
        const under = labels.slice(index + 1).find((other) => overlaps(label, other));
        expect(under, `${id}: ${label.text} on ${under?.text}`).toBeUndefined();
      }
    }
  });
});

interface Box {
  readonly text: string;
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}

/** Roughly what a label takes up, in the fonts that the picture asks for. */
function boxOf(label: Element): Box {
  const kind = label.attributes.class?.split(' ') ?? [];
  const isBold = kind.some((name) => ['letter', 'heading', 'message', 'code', 'told'].includes(name));
  const width = label.text.length * (kind.includes('policy') ? 6.6 : isBold ? 6.1 : 5.2);
  const isCentred = kind.some((name) => ['tick', 'message', 'got', 'middle'].includes(name));
  const isEnd = kind.includes('lane') || kind.includes('end');
  const [x, y] = [numberOf(label, 'x'), numberOf(label, 'y')];
  const left = isEnd ? x - width : isCentred ? x - width / 2 : x;
  return { text: label.text, left, right: left + width, top: y - 8, bottom: y };
}

function overlaps(one: Box, other: Box): boolean {
  return one.left < other.right && other.left < one.right && one.top < other.bottom && other.top < one.bottom;
}
