// Makes the planned faults happen, each at its time.

import type { SimulatedNetwork } from '../path/simulated-network.js';
import type { PlannedFault } from './fault-plan.js';
import type { TrialAgent } from './trial-agent.js';
import type { TrialDevice } from './trial-device.js';

/** What can be broken. */
export interface Breakable {
  readonly network: SimulatedNetwork;
  readonly agent: Pick<TrialAgent, 'restart' | 'crash' | 'slowDown' | 'failHandlers' | 'disk'>;
  readonly devices: ReadonlyMap<string, Pick<TrialDevice, 'crash' | 'disk'>>;
}

/** Makes one fault happen now. @throws Error when there is no such fault */
export function breakNow({ network, agent, devices }: Breakable, { target, fault, ms }: PlannedFault): void {
  const device = devices.get(target);
  const chip = target.startsWith('chip-') ? network.device(target.replace('chip', 'device')).chip : undefined;
  const stage = chip ?? stageOf(network, target);
  switch (fault) {
    case 'stick':
    case 'powerOff':
    case 'blackHole':
    case 'partition':
      if (stage === undefined) break;
      stage[fault](ms);
      return;
    case 'withholdAddresses':
      network.accessPoint.withholdAddresses(ms);
      return;
    case 'withholdNames':
      network.router.withholdNames(ms);
      return;
    case 'reset':
      network.server.reset();
      return;
    case 'restart':
      agent.restart(ms);
      return;
    case 'crash':
      (device ?? agent).crash(ms);
      return;
    case 'outage':
      // With the router goes what the agent said last, so that devices send again what its inbox has.
      network.router.powerOff(ms);
      network.server.powerOff(ms);
      agent.crash(ms);
      return;
    case 'slowHandlers':
      agent.slowDown(ms);
      return;
    case 'failingHandlers':
      agent.failHandlers(ms);
      return;
    case 'diskFails':
      (device ?? agent).disk.fail(ms);
      return;
  }
  throw new Error(`there is no ${fault} for ${target}`);
}

function stageOf(network: SimulatedNetwork, target: string) {
  if (target === 'accessPoint' || target === 'router' || target === 'server') return network[target];
  return undefined;
}
