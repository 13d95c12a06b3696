// Many devices on one agent: what each costs in memory, whether all together are as fast as one, and whether each gets its
// share.

import type { Bench, BenchOptions } from '../bench.js';
import { type Child, withChildren } from '../processes/child.js';
import { type Findings, target, throughputRow } from '../report/report.js';
import { pairedRatio, summarize } from '../report/statistics.js';
import { interleave } from '../rounds.js';
import { fairness } from './fairness.js';
import type { ConnectRequest, DeliverRequest } from './fleet-devices.js';

const DEVICES = 1_000;
const QUICK_DEVICES = 200;
const MESSAGES = 400_000;
const QUICK_MESSAGES = 80_000;
/** So few that the heap does not grow by them: what devices take would fit into it, and seem less than it is. */
const WARM_MESSAGES = 20_000;
const ROUNDS = 5;
const QUICK_ROUNDS = 3;
const RATIO_MIN = 0.7;

const AGENT = new URL('./fleet-agent.js', import.meta.url);
const FLEET = new URL('./fleet-devices.js', import.meta.url);

/** `npm run bench -- fleet` */
export const fleetBench: Bench = {
  name: 'fleet',
  summary: 'many devices on one agent (--count devices): memory of each, throughput of all against one, fairness',
  packages: ['@holdfast/agent', '@holdfast/reliable-channel'],
  run: (options) => withChildren((start) => run(options, start(AGENT, [], ['--expose-gc']), start(FLEET))),
};

async function run(options: BenchOptions, agent: Child, fleet: Child): Promise<Findings> {
  const devices = options.count ?? (options.isQuick ? QUICK_DEVICES : DEVICES);
  const messages = options.isQuick ? QUICK_MESSAGES : MESSAGES;
  const rounds = options.rounds ?? (options.isQuick ? QUICK_ROUNDS : ROUNDS);
  const port = await agent.request<number>('listen');
  options.progress(0, rounds + 2, 'connecting');
  await connect(fleet, { port, from: 0, to: 1 });
  const fairnesses: number[] = [];
  const measure = async (count: number, ofAll = messages): Promise<number> => {
    const request: DeliverRequest = { devices: count, messagesOfEach: Math.round(ofAll / count) };
    const doneMs = await fleet.request<Float64Array>('deliver', request);
    const handled = await agent.request<number[]>('takeHandled');
    const sum = handled.reduce((total, each) => total + each, 0);
    if (sum !== count * request.messagesOfEach) throw new Error(`${sum} messages were handled`);
    if (count > 1) fairnesses.push(fairness(doneMs));
    return (sum * 1_000) / Math.max(...doneMs);
  };
  // Warm, so that what the agent's code needs is not counted as a device's.
  await agent.request('takeHandled');
  await measure(1, WARM_MESSAGES);
  const beforeBytes = await agent.request<number>('rssAnonBytes');
  await connect(fleet, { port, from: 1, to: devices });
  await agent.request('takeHandled');
  const bytesOfEach = Math.max(0, (await agent.request<number>('rssAnonBytes')) - beforeBytes) / (devices - 1);
  let done = 1;
  const contestants = [
    { name: 'one-device', measure: () => measure(1) },
    { name: 'all-devices', measure: () => measure(devices) },
  ];
  const values = await interleave(contestants, rounds, (name, round) => {
    done += 0.5;
    options.progress(done, rounds + 2, `${name}, round ${round} of ${rounds}`);
  });
  const [one = [], all = []] = [values.get('one-device'), values.get('all-devices')];
  const ratio = pairedRatio(all, one);
  const shared = { messages, messageBytes: 256 };
  return {
    rows: [
      throughputRow('one-device', { devices: 1, ...shared }, summarize(one)),
      { ...throughputRow('all-devices', { devices, ...shared }, summarize(all)), ratio },
      { name: 'memory-of-each', params: { devices, ...shared }, unit: 'KiB', median: bytesOfEach / 1_024 },
      { name: 'fairness', params: { devices, ...shared }, unit: 'ratio', ...summarize(fairnesses) },
    ],
    targets: [target(`${devices} devices together over one alone`, ratio, 'ratio', 'atLeast', RATIO_MIN)],
    notes: [
      'All devices live in one process, the agent in another; the same number of messages in all, shared out evenly.',
      'Each device may have 256 messages on its way, alone or not; the queue of the agent is large enough to grant them.',
      'Memory of each: growth of the RssAnon of the agent for a connected device that has delivered a message.',
      'Fairness: the throughput of the slowest device over that of the fastest, all beginning at once; 1 is fair.',
    ],
  };
}

async function connect(fleet: Child, request: ConnectRequest): Promise<void> {
  await fleet.request('connect', request);
}
