// The inspection form: what it says, and the message that it becomes.

import type { Announcer } from './announcer.js';
import { byId, chosen } from './dom.js';
import type { MessagesPanel } from './messages-panel.js';

/** An inspection, as the agent gets it. */
export interface Inspection {
  readonly machine: string;
  readonly finding: string;
  readonly note: string;
  readonly isUrgent: boolean;
}

/** What the form says now, and a title for it. */
export function readInspection(): { readonly inspection: Inspection; readonly title: string } {
  const machine = byId('machine', HTMLSelectElement);
  const finding = byId('finding', HTMLSelectElement).value;
  const note = byId('note', HTMLInputElement).value.trim();
  const isUrgent = chosen(byId('inspection', HTMLFormElement), 'urgency') === 'urgent';
  // The first words of the option: what follows a comma is for those who choose.
  const name = machine.selectedOptions[0]?.text.split(',', 1)[0] ?? machine.value;
  return { inspection: { machine: machine.value, finding, note, isUrgent }, title: `${name}: ${finding}` };
}

/** Sends through the panel whatever the form says when it is submitted, and tells how far that has come. */
export function connectInspectionForm(panel: MessagesPanel, announcer: Announcer): void {
  byId('inspection', HTMLFormElement).addEventListener('submit', (event) => {
    event.preventDefault();
    const { title } = readInspection();
    const delivery = sendInspection(panel);
    delivery.stored.then(
      () => {
        if (delivery.outcome === undefined) announcer.say(`${title}: stored`);
      },
      // How it ended says `settled`.
      () => {},
    );
    void delivery.settled.then(({ status }) => announcer.say(`${title}: ${status}`));
    byId('note', HTMLInputElement).value = '';
  });
}

/** Sends what the form says through the channel. `ref` names it for the comparison. */
export function sendInspection(panel: MessagesPanel, ref?: string) {
  const { inspection, title } = readInspection();
  const lane = inspection.isUrgent ? 'alarms' : 'inspections';
  const data = ref === undefined ? inspection : { ...inspection, ref };
  return panel.ask('inspection', data, { lane, title }, describeReply);
}

function describeReply(reply: unknown): string {
  const { workOrder } = (reply ?? {}) as { readonly workOrder?: unknown };
  return typeof workOrder === 'number' ? `work order ${workOrder}` : '';
}
