import { expect, test } from 'vitest';
import { createSimulatedNetwork } from '../../src/path/simulated-network.js';
import { faultKinds } from '../../src/trial/fault-plan.js';
import { type Breakable, breakNow } from '../../src/trial/fault-runner.js';
import { createVirtualRuntime } from '../../src/virtual-runtime.js';

/** An object whose functions tell that they are called, under its name. */
function telling(name: string, told: string[], ...functions: string[]) {
  return Object.fromEntries(functions.map((each) => [each, (ms?: number) => told.push(`${name} ${each} ${ms}`)]));
}

function makeBreakable() {
  const told: string[] = [];
  const stage = (name: string, ...others: string[]) =>
    telling(name, told, 'stick', 'powerOff', 'blackHole', 'partition', ...others);
  const breakable = {
    network: {
      accessPoint: stage('accessPoint', 'withholdAddresses'),
      router: stage('router', 'withholdNames'),
      server: stage('server', 'reset'),
      device: (id: string) => ({ chip: stage(id.replace('device', 'chip')) }),
    },
    agent: {
      ...telling('agent', told, 'restart', 'crash', 'slowDown', 'failHandlers'),
      disk: telling('agent disk', told, 'fail'),
    },
    devices: new Map([
      ['device-1', { ...telling('device-1', told, 'crash'), disk: telling('device-1 disk', told, 'fail') }],
    ]),
  } as unknown as Breakable;
  return { told, breakable };
}

test('every kind of fault has its own effect', () => {
  const { told, breakable } = makeBreakable();
  const kinds = new Map(faultKinds(['device-1']).map((kind) => [`${kind.target} ${kind.fault}`, kind]));
  for (const kind of kinds.values()) breakNow(breakable, { atMs: 0, ms: 5, ...kind });
  // All but an outage, which is three at once.
  expect(new Set(told).size).toBe(kinds.size - 1);
  breakNow(breakable, { atMs: 0, ms: 9, target: 'dataCentre', fault: 'outage' });
  expect(told.slice(-3)).toEqual(['router powerOff 9', 'server powerOff 9', 'agent crash 9']);
  expect(told).toEqual(
    expect.arrayContaining([
      ...['chip-1 powerOff 5', 'server stick 5', 'router withholdNames 5', 'server reset undefined'],
      ...['agent restart 5', 'agent crash 5', 'device-1 crash 5', 'agent disk fail 5', 'device-1 disk fail 5'],
      ...['agent slowDown 5', 'agent failHandlers 5'],
    ]),
  );
});

test('what nothing can be done to is a mistake in the plan', () => {
  const { breakable } = makeBreakable();
  const fault = { atMs: 0, ms: 5, target: 'agent', fault: 'stick' } as const;
  expect(() => breakNow(breakable, fault)).toThrow('there is no stick for agent');
});

test('a chip is that of its device', async () => {
  const runtime = createVirtualRuntime({ seed: 1 });
  const network = createSimulatedNetwork({ runtime, seed: 1 });
  breakNow({ ...makeBreakable().breakable, network }, { atMs: 0, ms: 5, target: 'chip-2', fault: 'powerOff' });
  const signal = new AbortController().signal;
  const dial = (id: string) =>
    network
      .device(id)
      .link()
      .dial({ received: () => {}, closed: () => {} }, signal);
  await expect(dial('device-2')).rejects.toThrow('the WiFi chip is not there');
});
