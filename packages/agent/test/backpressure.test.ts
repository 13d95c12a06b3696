import { NACK_CODE } from '@holdfast/protocol';
import { beforeEach, describe, expect, it } from 'vitest';
import { Backpressure } from '../src/backpressure.js';
import type { DeviceEntry } from '../src/device-entry.js';

/** What the channel of a device was told. */
let told: string[];
let waitingCount: number;
let backpressure: Backpressure;

const NAMES = new Map<number, string>(Object.entries(NACK_CODE).map(([name, code]) => [code, name]));
const receiving = {
  pause: ({ code, retryAfterMs }: { code: number; retryAfterMs: number }, { keepsWaiting = false } = {}) =>
    told.push(`pause ${NAMES.get(code)} ${retryAfterMs}${keepsWaiting ? ', keeps' : ''}`),
  resume: () => told.push('resume'),
  setCredit: (messages: number) => told.push(`credit ${messages}`),
};
const device = { receiving } as unknown as DeviceEntry;

beforeEach(() => {
  told = [];
  waitingCount = 0;
  backpressure = new Backpressure(
    { agentQueueMaxMessages: 100, creditMessages: 64, retryAfterMs: 250 },
    {
      devices: [device],
      get waitingCount() {
        return waitingCount;
      },
    },
  );
});

/** So many messages wait now. */
function queue(count: number): 'begins' | 'ends' | undefined {
  waitingCount = count;
  return backpressure.queueChanged();
}

function tell(): string[] {
  return told.splice(0);
}

describe('backpressure', () => {
  it('shares the room among the devices that are connected', () => {
    backpressure.connectedChanged(1);
    expect(tell()).toEqual([]);
    backpressure.connectedChanged(3);
    expect([tell(), backpressure.creditMessages, backpressure.connectedCount]).toEqual([['credit 16'], 16, 4]);
    queue(40);
    expect(tell()).toEqual(['credit 8']);
    queue(0);
    expect(tell()).toEqual(['credit 16']);
  });

  it('stops channels at the limit, without taking back what waits, and lets them go on at half of it', () => {
    expect(queue(99)).toBeUndefined();
    tell();
    expect(queue(100)).toBe('begins');
    expect([tell(), backpressure.isOverloaded]).toEqual([['pause overloaded 250, keeps', 'credit 0'], true]);
    expect([queue(51), tell()]).toEqual([undefined, []]);
    expect(queue(50)).toBe('ends');
    expect([tell(), backpressure.isOverloaded]).toEqual([['resume', 'credit 32'], false]);
  });

  it('gives back what waits while the agent restarts, overloaded or not', () => {
    queue(100);
    tell();
    backpressure.restartBegins();
    backpressure.restartBegins();
    expect([tell(), backpressure.isRestarting]).toEqual([['pause restarting 250', 'pause restarting 250'], true]);
    expect([backpressure.restartEnds(true), tell()]).toEqual([false, []]);
    expect([backpressure.restartEnds(true), tell()]).toEqual([true, ['pause overloaded 250, keeps']]);
  });

  it('does not let channels go on when the agent is closing', () => {
    backpressure.restartBegins();
    tell();
    expect([backpressure.restartEnds(false), tell()]).toEqual([true, []]);
  });

  it('tells a device that comes later how things stand', () => {
    backpressure.welcome(device);
    expect(tell()).toEqual(['resume', 'credit 64']);
    queue(100);
    tell();
    backpressure.welcome(device);
    expect(tell()).toEqual(['pause overloaded 250, keeps', 'credit 0']);
  });
});
