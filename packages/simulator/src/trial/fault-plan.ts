// What can break in a trial, and the draw of what does, when and for how long.

import type { RandomUint32 } from '@holdfast/protocol';
import { pick, randomInteger } from '../seeded-random.js';

/** What can happen to a stage of the path. */
export type StageFault = 'stick' | 'powerOff' | 'blackHole' | 'partition';
/** What can happen to one stage only, to the agent, or to a device; and to all of the data centre at once. */
export type OtherFault =
  | 'withholdAddresses'
  | 'withholdNames'
  | 'reset'
  | 'restart'
  | 'crash'
  | 'outage'
  | 'slowHandlers'
  | 'failingHandlers'
  | 'diskFails';

/** One fault that is going to happen. */
export interface PlannedFault {
  readonly atMs: number;
  readonly ms: number;
  /** `accessPoint`, `router`, `server`, `agent`, `dataCentre`, `chip-<number>` or `device-<number>`. */
  readonly target: string;
  readonly fault: StageFault | OtherFault;
}

type FaultKind = Pick<PlannedFault, 'target' | 'fault'>;

const STAGE_FAULTS: readonly StageFault[] = ['stick', 'powerOff', 'blackHole', 'partition'];
const COUNT = { min: 4, max: 12 };
/** The longest fault, in milliseconds: long enough for every patience on the way to end. */
const FAULT_MAX_MS = 120_000;
/** A message is mostly handled and on record so long after its sending, in milliseconds. */
const BUSY_MAX_MS = 500;

/** What faults are drawn for. */
export interface FaultSurroundings {
  readonly devices: readonly string[];
  readonly sends: readonly { readonly atMs: number; readonly device: string }[];
  /** All faults are over at this time. */
  readonly overMs: number;
}

/** Draws the faults of a trial, in the order of time. */
export function drawFaults(random: RandomUint32, { devices, sends, overMs }: FaultSurroundings): PlannedFault[] {
  const kinds = faultKinds(devices);
  const count = randomInteger(random, COUNT);
  const faults = Array.from({ length: count }, (): PlannedFault => {
    const kind = pick(random, kinds);
    // At any time there is mostly nothing to be torn: a crash comes right behind a send.
    const isCrash = kind.fault === 'crash' || kind.fault === 'outage';
    const busy = isCrash ? sends.filter(({ device }) => mayConcern(kind.target, device)) : [];
    const atMs =
      busy.length === 0
        ? randomInteger(random, { min: 0, max: overMs })
        : Math.min(overMs, pick(random, busy).atMs + randomInteger(random, { min: 0, max: BUSY_MAX_MS }));
    return { atMs, ms: drawLength(random, kind, overMs - atMs), ...kind };
  });
  return faults.sort((a, b) => a.atMs - b.atMs);
}

/** Whether a message of the device makes work for the target. */
function mayConcern(target: string, device: string): boolean {
  return target === device || !target.startsWith('device');
}

/** Every fault that a trial with these devices can have; what happens to programs is as likely as what happens to stages. */
export function faultKinds(devices: readonly string[]): FaultKind[] {
  const kinds: FaultKind[] = ['accessPoint', 'router', 'server'].flatMap((target) =>
    STAGE_FAULTS.map((fault) => ({ target, fault })),
  );
  kinds.push({ target: 'accessPoint', fault: 'withholdAddresses' }, { target: 'router', fault: 'withholdNames' });
  for (let i = 0; i < 2; i += 1) {
    kinds.push({ target: 'server', fault: 'reset' }, { target: 'agent', fault: 'diskFails' });
    kinds.push({ target: 'dataCentre', fault: 'outage' });
    for (const fault of ['restart', 'crash', 'slowHandlers', 'failingHandlers'] as const)
      kinds.push({ target: 'agent', fault });
  }
  for (const device of devices) {
    const chip = device.replace('device', 'chip');
    for (const fault of STAGE_FAULTS) kinds.push({ target: chip, fault });
    kinds.push({ target: device, fault: 'crash' }, { target: device, fault: 'crash' });
    kinds.push({ target: device, fault: 'diskFails' });
  }
  return kinds;
}

/** Short ones are as likely as long ones; what slows handlers down lasts long enough for messages to pile up. */
function drawLength(random: RandomUint32, { fault }: FaultKind, leftMs: number): number {
  const min = fault === 'slowHandlers' || fault === 'failingHandlers' ? 13 : 4;
  const magnitude = 2 ** randomInteger(random, { min, max: 16 });
  return Math.min(FAULT_MAX_MS, leftMs, randomInteger(random, { min: magnitude, max: 2 * magnitude }));
}
