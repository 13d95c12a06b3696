// The page: opens the outbox, and lets its parts show what happens. The parts do not know of one another.

import { isHoldfastError, type ReliableChannel } from '@holdfast/reliable-channel';
import { Announcer } from './announcer.js';
import { SAMPLE_MS } from './chart-view.js';
import { Charts } from './charts.js';
import { ComparisonPanel } from './comparison.js';
import { Controls } from './controls.js';
import { type Device, openDevice } from './device.js';
import { byId, messages, setText } from './dom.js';
import { connectInspectionForm } from './inspection-form.js';
import { MessagesPanel, ROWS_MAX } from './messages-panel.js';
import { drawPath } from './path-view.js';
import { Sensor } from './sensor.js';
import { readSiteState } from './site.js';
import type { SiteState } from './site-state.js';
import { StatusLine } from './status-line.js';

/** How often the server is asked where things stand, in milliseconds. */
const ASK_MS = 400;
/** How often the send buffer and what is in flight are looked at, in milliseconds: both change fast. */
const LOOK_MS = 40;

/** What to do about an outbox that can not be opened. */
const ADVICE: Readonly<Record<string, string>> = {
  STORE_LOCKED:
    'Another tab of this browser has this page open, and an outbox belongs to one. Close that tab, then try again.',
  STORE_UNAVAILABLE:
    'This browser does not let the page store anything. Leave the private window, or allow this site to store data, then try again.',
  STORE_FORMAT_UNKNOWN:
    'The outbox was written by another version of this page. Clear the data of this site, then try again.',
};

void start();

async function start(): Promise<void> {
  const announcer = new Announcer(byId('announcement', HTMLElement));
  byId('trouble-again', HTMLButtonElement).addEventListener('click', () => location.reload());
  let device: Device;
  let site: SiteState;
  try {
    site = await readSiteState();
    device = await openDevice(site.agentUrl, ROWS_MAX);
  } catch (error) {
    showTrouble(error);
    return;
  }
  run(device, site, announcer);
}

function run(device: Device, first: SiteState, announcer: Announcer): void {
  const { transport, channel } = device;
  let site: SiteState | undefined = first;
  const panel = new MessagesPanel(device);
  const charts = new Charts(byId('charts', HTMLElement), transport.sendBuffer.capacityBytes);
  const comparison = new ComparisonPanel(device, panel);
  const status = new StatusLine(byId('status', HTMLElement), announcer);
  new Sensor(channel, panel);
  connectInspectionForm(panel, announcer);
  const onState = (state: SiteState | undefined): void => {
    site = state;
    if (state !== undefined) {
      controls.show(state);
      comparison.show(state);
      setText(byId('count-repeated', HTMLElement), String(state.done.repeated));
    }
    draw();
  };
  const draw = (): void => {
    const stats = channel.stats();
    drawPath({ stats, transport, site });
    status.show({ stats, isConnected: transport.isConnected(), site, agentUrl: first.agentUrl });
  };
  const controls = new Controls(announcer, onState);
  controls.connectRadio(device);
  tellKept(channel);
  channel.observe((event) => {
    if (event.type === 'storeProblem') showProblem(event.detail);
  });
  onState(first);
  const ask = async (): Promise<void> => {
    const before = controls.answers;
    const state = await readSiteState().catch(() => undefined);
    // What was asked before a command was answered may tell how things stood before it.
    if (controls.answers === before) onState(state);
    setTimeout(() => void ask(), ASK_MS);
  };
  void ask();
  setInterval(() => {
    charts.sample(transport, channel);
    draw();
  }, SAMPLE_MS);
  setInterval(() => {
    charts.look(transport);
    panel.refresh();
  }, LOOK_MS);
  document.documentElement.dataset.ready = 'yes';
}

/** Tells what an earlier life of this page has left, and when all of it is over. */
function tellKept(channel: ReliableChannel): void {
  const waiting = channel.stats().outboxMessages;
  if (waiting === 0) return;
  const kept = byId('kept', HTMLElement);
  const found = `When this page was loaded, ${messages(waiting)} ${waiting === 1 ? 'was' : 'were'} waiting in the outbox.`;
  setText(kept, `${found} Nothing is lost by a reload.`);
  kept.hidden = false;
  void channel.drain().then((isEmpty) => {
    if (isEmpty) setText(kept, `${found} The outbox has been emptied since.`);
  });
}

/** The store has failed while the page is open: the disk is full, or someone has cleared the data of this site. */
function showProblem(detail: string): void {
  const problem = byId('problem', HTMLElement);
  setText(problem, `The outbox has a problem: ${detail}.`);
  problem.hidden = false;
}

function showTrouble(error: unknown): void {
  const text = error instanceof Error ? error.message : String(error);
  const code = isHoldfastError(error) ? error.code : undefined;
  setText(byId('trouble-text', HTMLElement), code === undefined ? text : `${code}: ${text}.`);
  const advice = code === undefined ? undefined : ADVICE[code];
  setText(byId('trouble-advice', HTMLElement), advice ?? 'Start the example again, then try again.');
  const panel = byId('trouble', HTMLElement);
  panel.hidden = false;
  panel.setAttribute('role', 'alert');
  byId('status', HTMLElement).dataset.tone = 'broken';
  setText(byId('status', HTMLElement), 'Not open');
  for (const control of document.querySelectorAll<HTMLButtonElement>('main button, main input, main select')) {
    if (control.id !== 'trouble-again') control.disabled = true;
  }
  document.documentElement.dataset.ready = 'no';
}
