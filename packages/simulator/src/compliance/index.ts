// What an adapter must do, as suites for any test runner: `@holdfast/simulator/compliance`. No Node in here: they run in
// browsers as well.

export { ComplianceError } from './assertions.js';
export { describeLinkCompliance, type LinkComplianceOptions, type LinkPlace } from './link-compliance.js';
export { describeStoreCompliance, type StoreComplianceOptions, type StorePlace } from './store-compliance.js';
export type { TestRunner } from './test-runner.js';
