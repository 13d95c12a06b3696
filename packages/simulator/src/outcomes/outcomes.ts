// The outcomes themselves. The first six are the chart of the page "Managing the imp's TCP send buffer": its points 2 and 4
// (success), 3 and 5 (timeout) under both policies. Beside them: the other two codes, and a 0 that was no delivery.
//
// Times are in milliseconds. A timeout of a quarter of a second stands for impOS's thirty seconds, so that a round trip of
// 80 ms can still be seen beside it.

import {
  RETURN_ON_ERROR,
  RETURN_ON_ERROR_NO_DISCONNECT,
  SUSPEND_ON_ERROR,
  WAIT_FOR_ACK,
  WAIT_TIL_SENT,
} from '@holdfast/transport';
import type { Outcome, OutcomeFault, OutcomeProgram } from './outcome.js';

const TIMEOUT_SECONDS = 0.25;
/** Longer than a recording. */
const TO_THE_END_MS = 10_000;

const TIL_SENT = { waitFor: WAIT_TIL_SENT, timeoutSeconds: TIMEOUT_SECONDS } as const;
const FOR_ACK = { waitFor: WAIT_FOR_ACK, timeoutSeconds: TIMEOUT_SECONDS } as const;

async function sendOne({ until, send }: OutcomeProgram): Promise<void> {
  await until(50);
  await send(1);
}

async function sendTwo({ until, send }: OutcomeProgram): Promise<void> {
  await sendOne({ until, send });
  await until(110);
  await send(2);
}

function noRadio(forMs: number): OutcomeFault {
  return { atMs: 20, stage: 'accessPoint', kind: 'partition', forMs, text: 'no WiFi' };
}

/** Behind the last packet of the message, and before the server ack comes back through. */
function routerStuck(forMs: number): OutcomeFault {
  return { atMs: 160, stage: 'router', kind: 'stick', forMs, text: 'the router is stuck' };
}

/** All outcomes, in the order of the picture: rows from left to right. */
export const OUTCOMES: readonly Outcome[] = Object.freeze([
  {
    id: 'til-sent-0',
    title: 'WAIT_TIL_SENT: returns 0 as soon as the bytes are in the buffer',
    onError: RETURN_ON_ERROR,
    ...TIL_SENT,
    faults: [],
    belief: 'that the bytes are in the send buffer; of their way from there nothing is known.',
    run: sendOne,
  },
  {
    id: 'for-ack-0',
    title: 'WAIT_FOR_ACK: returns 0 when the server ack has come back',
    onError: RETURN_ON_ERROR,
    ...FOR_ACK,
    faults: [],
    belief: 'that the server has the message and the send buffer is clear; of the agent nothing is known.',
    run: sendOne,
  },
  {
    id: 'for-ack-0-dropped',
    title: 'WAIT_FOR_ACK: returns 0, and the agent drops the message',
    onError: RETURN_ON_ERROR,
    ...FOR_ACK,
    faults: [{ atMs: 100, stage: 'agent', kind: 'restart', forMs: 300, text: 'the agent restarts' }],
    belief: 'the same as if the agent had it: only a message back from the agent tells the difference.',
    run: sendOne,
  },
  {
    id: 'til-sent-timeout',
    title: 'WAIT_TIL_SENT: no room in time, returns TIMEOUT',
    onError: RETURN_ON_ERROR,
    ...TIL_SENT,
    faults: [noRadio(TO_THE_END_MS)],
    belief: 'that message 2 was not sent and the connection is gone; message 1, answered 0, may be lost with it.',
    run: sendTwo,
  },
  {
    id: 'for-ack-timeout',
    title: 'WAIT_FOR_ACK: no server ack in time, returns TIMEOUT',
    onError: RETURN_ON_ERROR,
    ...FOR_ACK,
    faults: [routerStuck(TO_THE_END_MS)],
    belief: 'that the connection is gone, and the message has arrived or not: sending it again can repeat it.',
    run: sendOne,
  },
  {
    id: 'would-block',
    title: 'WAIT_TIL_SENT: no room now, returns WOULDBLOCK at once',
    onError: RETURN_ON_ERROR_NO_DISCONNECT,
    ...TIL_SENT,
    faults: [],
    belief: 'that nothing of message 2 was taken and the connection stays: trying again later is safe.',
    run: async ({ until, send }) => {
      await sendTwo({ until, send });
      await until(330);
      await send(2);
    },
  },
  {
    id: 'til-sent-suspend',
    title: 'WAIT_TIL_SENT: no room in time, the program halts',
    onError: SUSPEND_ON_ERROR,
    ...TIL_SENT,
    faults: [noRadio(370)],
    belief: 'that message 2 is in the send buffer by now; nobody says that message 1, answered 0, is lost.',
    run: sendTwo,
  },
  {
    id: 'for-ack-suspend',
    title: 'WAIT_FOR_ACK: no server ack in time, the program halts',
    onError: SUSPEND_ON_ERROR,
    ...FOR_ACK,
    faults: [routerStuck(170)],
    belief: 'that the server has the message: once at least, for it may have been sent again.',
    run: sendOne,
  },
  {
    id: 'disconnected',
    title: 'The connection goes during the send: returns DISCONNECTED',
    onError: RETURN_ON_ERROR,
    ...TIL_SENT,
    faults: [{ atMs: 125, stage: 'chip', kind: 'powerOff', forMs: TO_THE_END_MS, text: 'the chip has no power' }],
    belief: 'that messages 2 and 3 were not sent; message 1, answered 0, may be lost.',
    run: async ({ until, send }) => {
      await sendTwo({ until, send });
      await until(400);
      await send(3);
    },
  },
]);
