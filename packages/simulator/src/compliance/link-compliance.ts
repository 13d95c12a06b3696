// What every link must do, whatever it is made of, and what accepts its pipes at the other end: the ports of
// @holdfast/transport as a suite of tests.

import type { Link, Pipe, PipeEvents } from '@holdfast/transport';
import { assertBytes, assertEqual, assertRejects, assertTrue, nextTurn, pattern } from './assertions.js';
import { PipeEnd, waitFor } from './pipe-end.js';
import type { TestRunner } from './test-runner.js';

/** One server of a test and the way to it. */
export interface LinkPlace {
  readonly link: Link;
  /** The same kind of link, to where nobody listens; without it that is not tested. */
  readonly deadLink?: Link;
  /** Cuts every open pipe as a lost network would, so that both ends notice; without it that is not tested. */
  cut?(): void;
  /** Stops the server and removes what the test has left. */
  close(): Promise<void> | void;
}

/** What `describeLinkCompliance` needs. */
export interface LinkComplianceOptions {
  /** The name of the link in the names of tests: `the TCP link`. */
  readonly name: string;
  readonly runner: TestRunner;
  /**
   * Starts a server that hands over every pipe it takes, as an agent's listener does: `accept` is called with the function
   * that makes the pipe from the events it must tell.
   */
  makeLink(accept: (makePipe: (events: PipeEvents) => Pipe) => void): Promise<LinkPlace> | LinkPlace;
}

/** Pipes that a test opens at one time. */
const MANY_PIPES = 20;

/** Whether an error is what `dial` may reject with: one line for people, and a reason. */
function isLinkError(error: unknown): boolean {
  if (!(error instanceof Error) || error.name !== 'LinkError') return false;
  return Number.isInteger((error as { readonly reason?: unknown }).reason) && isOneLine(error.message);
}

function isOneLine(text: string): boolean {
  return text.trim() !== '' && !text.includes('\n');
}

/** Holds a link, and what listens at its other end, to their ports: registers about fifteen tests with the runner. */
export function describeLinkCompliance({ name, runner, makeLink }: LinkComplianceOptions): void {
  const { describe, test, beforeEach, afterEach } = runner;
  describe(`${name}, as every link,`, () => {
    let place: LinkPlace;
    /** The ends of the server, in the order in which they were accepted. */
    let accepted: PipeEnd[];
    let dialed: PipeEnd[];
    /** What the server does with a pipe at once. */
    let onAccepted: (end: PipeEnd) => void;

    beforeEach(async () => {
      accepted = [];
      dialed = [];
      onAccepted = () => {};
      place = await makeLink((makePipe) => {
        const end = new PipeEnd();
        end.pipe = makePipe(end);
        accepted.push(end);
        onAccepted(end);
      });
    });

    afterEach(async () => {
      for (const end of [...dialed, ...accepted]) end.pipe.destroy();
      await place.close();
    });

    /** Opens a pipe; resolves with both its ends. */
    async function open(): Promise<{ near: PipeEnd; far: PipeEnd }> {
      const count = accepted.length;
      const near = await dial();
      await waitFor(() => accepted.length > count, 'the server is given the pipe');
      return { near, far: accepted[count] as PipeEnd };
    }

    async function dial(): Promise<PipeEnd> {
      const end = new PipeEnd();
      end.pipe = await place.link.dial(end, new AbortController().signal);
      dialed.push(end);
      return end;
    }

    test('has a name for people and takes some bytes at once', async () => {
      assertTrue(isOneLine(place.link.name), 'the name is one line');
      const { writeMaxBytes } = place.link;
      assertTrue(Number.isInteger(writeMaxBytes) && writeMaxBytes > 0, 'writeMaxBytes is a positive integer');
    });

    test('says at both ends who the other one is', async () => {
      const { near, far } = await open();
      for (const { pipe } of [near, far]) assertTrue(isOneLine(pipe.peer), 'peer is one line');
    });

    test('carries bytes in both directions at once', async () => {
      const { near, far } = await open();
      const there = pattern(300_000, 1);
      const back = pattern(200_000, 2);
      await Promise.all([near.writeAll(there, place.link.writeMaxBytes), far.writeAll(back, place.link.writeMaxBytes)]);
      await far.receives(there.length);
      await near.receives(back.length);
      assertBytes(far.receivedBytes(), there, 'what came to the server');
      assertBytes(near.receivedBytes(), back, 'what came to the device');
    });

    test('carries writes of every size, in order', async () => {
      const { near, far } = await open();
      const max = place.link.writeMaxBytes;
      const sizes = [1, 2, 3, 100, 576, 1_460, 4_096, max - 1, max].filter((size) => size > 0 && size <= max);
      const sent: number[] = [];
      for (const [index, size] of sizes.entries()) {
        const bytes = pattern(size, index);
        sent.push(...bytes);
        await near.write(bytes);
      }
      await far.receives(sent.length);
      assertBytes(far.receivedBytes(), Uint8Array.from(sent), 'what came');
    });

    test('carries what the server says first', async () => {
      onAccepted = (end) => void end.write(pattern(100, 3));
      const near = await dial();
      await near.receives(100);
      assertBytes(near.receivedBytes(), pattern(100, 3), 'what came');
    });

    test('says once of every write that it was taken', async () => {
      const { near, far } = await open();
      for (let index = 0; index < 50; index++) await near.write(pattern(10, index));
      await far.receives(500);
      await nextTurn();
      assertEqual([near.takenCount, near.surplusTakenCount], [50, 0], 'writes taken, and taken again');
    });

    test('lets the bytes be used again when they are taken', async () => {
      const { near, far } = await open();
      const bytes = new Uint8Array(1_000);
      for (let index = 0; index < 20; index++) {
        bytes.set(pattern(1_000, index));
        await near.write(bytes);
        bytes.fill(0xee);
      }
      await far.receives(20_000);
      for (let index = 0; index < 20; index++) {
        const part = far.receivedBytes().subarray(index * 1_000, (index + 1) * 1_000);
        assertBytes(part, pattern(1_000, index), `write ${index}`);
      }
    });

    test('gives the received bytes away for good', async () => {
      const { near, far } = await open();
      for (let index = 0; index < 20; index++) {
        await near.write(pattern(1_000, index));
        await far.receives((index + 1) * 1_000);
      }
      // The end keeps the arrays themselves, so one that was used again would show.
      for (let index = 0; index < 20; index++) {
        const part = far.receivedBytes().subarray(index * 1_000, (index + 1) * 1_000);
        assertBytes(part, pattern(1_000, index), `write ${index}`);
      }
    });

    test('delivers everything before an end, and then says once that the pipe is closed', async () => {
      const { near, far } = await open();
      const bytes = pattern(200_000, 5);
      await near.writeAll(bytes, place.link.writeMaxBytes);
      near.pipe.end();
      await far.closes();
      assertBytes(far.receivedBytes(), bytes, 'what came');
      await nextTurn();
      assertEqual([far.closedDetails.length, far.lateEventCount], [1, 0], 'times closed, and events after it');
      assertTrue(isOneLine(far.closedDetails[0] ?? ''), 'the detail is one line');
    });

    test('delivers an end of the server in the same way', async () => {
      onAccepted = (end) => void end.write(pattern(5_000, 6)).then(() => end.pipe.end());
      const near = await dial();
      await near.closes();
      assertBytes(near.receivedBytes(), pattern(5_000, 6), 'what came');
    });

    test('tells the other end when it is destroyed', async () => {
      const { near, far } = await open();
      near.pipe.destroy();
      await far.closes();
      await nextTurn();
      assertTrue(near.closedDetails.length <= 1 && near.lateEventCount === 0, 'no events after closed here');
      assertEqual([far.closedDetails.length, far.lateEventCount], [1, 0], 'times closed there, and events after it');
    });

    test('may be ended and destroyed again, also when it is closed', async () => {
      const { near, far } = await open();
      near.pipe.end();
      near.pipe.end();
      near.pipe.destroy();
      await far.closes();
      for (const { pipe } of [near, far]) {
        pipe.end();
        pipe.destroy();
        pipe.destroy();
      }
      await nextTurn();
      assertEqual(far.closedDetails.length, 1, 'times closed');
    });

    test('carries many pipes, and one that closes disturbs no other', async () => {
      const pairs = [];
      for (let index = 0; index < MANY_PIPES; index++) pairs.push(await open());
      pairs[0]?.near.pipe.destroy();
      await pairs[0]?.far.closes();
      for (const [index, { near }] of pairs.entries()) if (index > 0) await near.write(pattern(1_000, index));
      for (const [index, { far }] of pairs.entries()) {
        if (index === 0) continue;
        await far.receives(1_000);
        assertBytes(far.receivedBytes(), pattern(1_000, index), `pipe ${index}`);
      }
      assertEqual(accepted.filter((end) => end.closedDetails.length > 0).length, 1, 'closed pipes');
    });

    test('is not dialed when the signal is aborted already', async () => {
      const dialing = place.link.dial(new PipeEnd(), AbortSignal.abort());
      await assertRejects(dialing, isLinkError, 'dial');
      assertEqual(accepted.length, 0, 'pipes at the server');
    });

    test('leaves nothing open when it is given up while it is dialed', async () => {
      const abort = new AbortController();
      const dialing = place.link.dial(new PipeEnd(), abort.signal);
      abort.abort();
      await assertRejects(dialing, isLinkError, 'dial');
      // Whatever has reached the server by now, or does later, is closed when a later pipe is open.
      await open();
      for (const end of accepted.slice(0, -1)) await end.closes();
    });

    test('says why it can not be opened, when nobody listens', async () => {
      const { deadLink } = place;
      if (deadLink === undefined) return;
      await assertRejects(deadLink.dial(new PipeEnd(), new AbortController().signal), isLinkError, 'dial');
    });

    test('tells both ends when it is cut, and takes nothing more', async () => {
      if (place.cut === undefined) return;
      const { near, far } = await open();
      await near.write(pattern(10, 1));
      await far.receives(10);
      place.cut();
      await Promise.all([near.closes(), far.closes()]);
      await nextTurn();
      for (const end of [near, far])
        assertEqual([end.closedDetails.length, end.lateEventCount], [1, 0], 'times closed');
    });
  });
}
