// One trial: a few devices and their agent, over a simulated path, through faults and out of them again, all from one seed. What
// happened is written down, and the checks look at that alone.

import { createSimulatedNetwork } from '../path/simulated-network.js';
import { createVirtualRuntime } from '../virtual-runtime.js';
import { checkTrace } from './checks/check-trace.js';
import type { Violation } from './checks/violation.js';
import type { PowerCut } from './disk.js';
import { breakNow } from './fault-runner.js';
import { Peaks } from './peaks.js';
import type { Trace } from './trace-event.js';
import { countEvents, type RecordEvent, TraceRecorder, traceHash } from './trace-recorder.js';
import { TrialAgent } from './trial-agent.js';
import { outboxTowards, TrialDevice } from './trial-device.js';
import { drawTrial, type TrialPlan } from './trial-plan.js';

/** What became of a trial. */
export interface TrialReport {
  readonly seed: number;
  readonly plan: TrialPlan;
  readonly trace: Trace;
  /** SHA-256 over the lines of the trace. */
  readonly traceHash: string;
  /** What was promised and not kept; empty when all is well. */
  readonly violations: readonly Violation[];
  /** How often each kind of event was, and each fault as `fault <target> <fault>`. */
  readonly counts: Readonly<Record<string, number>>;
  /** From the end of the faults to the end of the trial, in virtual milliseconds. */
  readonly restMs: number;
}

/**
 * What may pass until everything is settled when the faults are over, in virtual milliseconds: a dead link is found in 105
 * seconds and dialed within 30 more, and a message that failed often comes again in 30.
 */
const REST_LIMIT_MS = 300_000;
/** A lane stays stuck so long behind the faults that all others must be done by then. */
const STUCK_FOR_MS = 200_000;

/** Lives through a trial. @param seed - integer from 0 to 2^53 - 1; anything else is a TypeError or RangeError */
export async function runTrial(seed: number): Promise<TrialReport> {
  return (await runPlan(drawTrial(seed))).report;
}

/** A program whose power goes in one of its commits, for a moment. */
export interface PlannedPowerCut extends PowerCut {
  /** `agent`, or a device. */
  readonly program: string;
}

/** What became of a plan. */
export interface PlanReport {
  readonly report: TrialReport;
  /** Commits that each program asked for. */
  readonly commits: ReadonlyMap<string, number>;
}

/** How long a program has no power when it is cut, in milliseconds. */
const POWER_CUT_MS = 1_500;

/** Lives through a trial as planned. */
export async function runPlan(plan: TrialPlan, powerCut?: PlannedPowerCut): Promise<PlanReport> {
  const { seed } = plan;
  const runtime = createVirtualRuntime({ seed });
  const recorder = new TraceRecorder(() => runtime.nowMs());
  const peaks = new Peaks();
  const record: RecordEvent = (who, detail) => {
    recorder.record(who, detail);
    peaks.sample();
  };
  const network = createSimulatedNetwork({ runtime, seed, parameters: plan.path });
  let lastNumber = 0;
  const nextNumber = (): number => {
    lastNumber += 1;
    return lastNumber;
  };
  const common = { seed, runtime, limits: plan.limits, lanes: plan.lanes, record, nextNumber };
  const agent = new TrialAgent({ ...common, network, devices: plan.devices });
  const devices = new Map(plan.devices.map((id) => [id, new TrialDevice({ ...common, id, path: network.device(id) })]));
  agent.watch(peaks);
  for (const stage of ['accessPoint', 'router', 'server'] as const) {
    const limit = plan.path[stage]?.capacityBytes ?? SERVER_CAPACITY_BYTES;
    peaks.watch(stage, 'held', limit, () => network.heldBytes(stage));
  }
  for (const [id, device] of devices) {
    device.watch(peaks);
    peaks.watch(id, 'chip', plan.path.chip?.capacityBytes ?? 0, () => network.heldBytes('chip', id));
  }

  if (powerCut !== undefined) {
    const program = devices.get(powerCut.program) ?? agent;
    program.disk.cutPower(powerCut, () => program.crash(POWER_CUT_MS));
  }
  agent.start();
  for (const device of devices.values()) device.start();
  for (const send of plan.sends) {
    runtime.setTimer(send.atMs, () => {
      if (send.sender === 'agent') void agent.send(send);
      else devices.get(send.device)?.send(send);
      // What the send has put into buffers.
      peaks.sample();
    });
  }
  for (const fault of plan.faults) {
    runtime.setTimer(fault.atMs, () => {
      record(fault.target, { what: 'fault', fault: fault.fault, ms: fault.ms });
      breakNow({ network, agent, devices }, fault);
    });
  }
  const { stuckLane } = plan;
  if (stuckLane !== undefined) {
    const freedMs = plan.faultsOverMs + STUCK_FOR_MS;
    for (const [atMs, what, lane] of [
      [stuckLane.fromMs, 'laneStuck', stuckLane.lane],
      [freedMs, 'laneFreed', undefined],
    ] as const) {
      runtime.setTimer(atMs, () => {
        record('trial', { what, lane: stuckLane.lane });
        agent.stickLane(lane);
      });
    }
  }
  const isQuiet = (): boolean => agent.isQuiet && [...devices.values()].every((device) => device.isQuiet);
  let isAtRest = false;
  let restMs = 0;
  try {
    await runtime.advance(plan.faultsOverMs);
    record('trial', { what: 'faultsOver' });
    const limitMs = REST_LIMIT_MS + (stuckLane === undefined ? 0 : STUCK_FOR_MS);
    isAtRest = await runtime.runUntil(isQuiet, { limitMs });
    restMs = runtime.nowMs() - plan.faultsOverMs;
    // What comes late, or twice, still shows.
    await runtime.advance(AFTERMATH_MS);
  } catch (error) {
    record('trial', { what: 'threw', error: String(error) });
  }
  record('trial', { what: isAtRest && isQuiet() ? 'quiet' : 'notQuiet' });
  for (const [id, device] of devices) {
    record(id, { what: 'left', messages: device.outboxMessages });
    record(outboxTowards(id), { what: 'left', messages: await agent.outboxMessages(id) });
  }
  peaks.report(record);

  const trace = recorder.events;
  const hash = traceHash(trace);
  const report = {
    seed,
    plan,
    trace,
    restMs,
    traceHash: hash,
    violations: checkTrace(trace),
    counts: countEvents(trace),
  };
  const programs = [['agent', agent] as const, ...devices];
  return { report, commits: new Map(programs.map(([id, { disk }]) => [id, disk.commits])) };
}

/** The default of the path. */
const SERVER_CAPACITY_BYTES = 1_048_576;
const AFTERMATH_MS = 45_000;
