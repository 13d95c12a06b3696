// The door of the simulated trials: run one by its seed, read its trace, hold it against what Holdfast promises.

export { checkTrace, TRACE_CHECKS } from './checks/check-trace.js';
export { checkSameRun } from './checks/same-run.js';
export type { TraceCheck, Violation } from './checks/violation.js';
export { faultKinds, type PlannedFault } from './fault-plan.js';
export { POWER_CUT_MOMENTS, powerLossScript, runPowerLoss } from './power-loss.js';
export { type PlannedPowerCut, type PlanReport, runTrial, type TrialReport } from './run-trial.js';
export type { Trace, TraceEvent } from './trace-event.js';
export { clockTime, traceLine } from './trace-recorder.js';
export { drawTrial, type TrialPlan } from './trial-plan.js';
