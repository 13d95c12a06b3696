import { createVirtualRuntime } from '@holdfast/simulator';
import { describe, expect, test } from 'vitest';
import type { DisconnectCause } from '../src/index.js';
import { type RecoveryEvent, RecoveryHost } from '../src/recovery-host.js';

const LOST: DisconnectCause = { kind: 'linkLost', detail: 'gone' };

function bench() {
  const runtime = createVirtualRuntime({ seed: 1 });
  const dialsAtMs: number[] = [];
  const events: RecoveryEvent[] = [];
  let givenUp = 0;
  const host = new RecoveryHost(
    runtime,
    {
      recovery: { graceMs: 60_000, suspendMs: 60_000, snoozeMs: 540_000 },
      reconnectBackoff: { minMs: 500, maxMs: 5_000 },
    },
    {
      connect: async () => {
        dialsAtMs.push(runtime.nowMs());
        return { cause: LOST };
      },
      scheduled: () => {},
      probe: () => {},
      giveUp: () => {
        givenUp += 1;
      },
      event: (event) => events.push(event),
    },
  );
  return { runtime, host, dialsAtMs, events, givenUp: () => givenUp };
}

describe('RecoveryHost', () => {
  test('dials again and again during the grace, behind the backoff, then never again', async () => {
    const { runtime, host, dialsAtMs, events, givenUp } = bench();
    host.onConnected();
    host.onLost(LOST, false);
    expect(dialsAtMs).toEqual([]);
    await runtime.advance(60_000);
    expect(dialsAtMs.length).toBeGreaterThan(10);
    expect(events).toEqual([{ type: 'lossDeclared' }]);
    expect(givenUp()).toBe(1);
    const dials = dialsAtMs.length;
    await runtime.advance(3_600_000);
    expect([dialsAtMs.length, runtime.pendingTimers]).toEqual([dials, 0]);
  });

  test('dials at once when a connection is needed', () => {
    const { host, dialsAtMs, events } = bench();
    host.onNeeded();
    host.onNeeded();
    expect([dialsAtMs, events]).toEqual([[0], [{ type: 'suspend' }]]);
  });

  test('goes on dialing for others when its own time is over', async () => {
    const { runtime, host, dialsAtMs, givenUp } = bench();
    const release = host.hold();
    host.onNeeded();
    await runtime.advance(60_000);
    const dials = dialsAtMs.length;
    await runtime.advance(60_000);
    expect(dialsAtMs.length).toBeGreaterThan(dials);
    expect(givenUp()).toBe(0);
    release();
    const end = dialsAtMs.length;
    await runtime.advance(120_000);
    expect(dialsAtMs).toHaveLength(end);
  });

  test('stops when no connection is wanted', async () => {
    const { runtime, host, dialsAtMs, events } = bench();
    host.onNeeded();
    host.hold();
    host.onNotWanted();
    const dials = dialsAtMs.length;
    await runtime.advance(3_600_000);
    expect(dialsAtMs).toHaveLength(dials);
    expect(events).toEqual([{ type: 'suspend' }, { type: 'resume', hasSnoozed: false }]);
  });
});
