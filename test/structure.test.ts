// The house rules. Each one is held against every file of the repository, and against a small bad one, because a check
// that cannot fail checks nothing.
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { coresArePure } from './structure/cores.js';
import {
  coresImportOnlyCores,
  importsAreDeclared,
  librariesStayAtHome,
  outsidersUsePublicDoors,
  packagesAreImportedByName,
  packagesImportInOneDirection,
} from './structure/imports.js';
import { sourcesHaveTests } from './structure/mirror.js';
import { type Check, describeFinding, parse, readSources } from './structure/source.js';
import {
  enumsAreAbsent,
  exportsAreDocumented,
  exportsAreNamed,
  fileNamesAreKebabCase,
  filesOpenWithAComment,
  filesStaySmall,
  modulesHoldNoState,
} from './structure/style.js';

/** Source files without a mirrored test, and the test that covers each of them. */
const COVERED_BY: Readonly<Record<string, string>> = {
  'packages/simulator/src/trial/checks/inbox-commits.ts': 'packages/simulator/test/trial/checks/handled-once.test.ts',
  'packages/simulator/src/trial/checks/sent-messages.ts': 'packages/simulator/test/trial/checks/one-outcome.test.ts',
  'packages/simulator/src/trial/trial-agent.ts': 'packages/simulator/test/trial/run-trial.test.ts',
  'packages/simulator/src/trial/trial-device.ts': 'packages/simulator/test/trial/run-trial.test.ts',
  'packages/transport/src/impos/constants.ts': 'packages/transport/test/impos/run-device.test.ts',
  'packages/transport/src/impos/imp.ts': 'packages/transport/test/impos/program-api.test.ts',
  'packages/transport/src/impos/imp-agent.ts': 'packages/transport/test/impos/program-api.test.ts',
  'packages/transport/src/impos/program-life.ts': 'packages/transport/test/impos/run-device.test.ts',
  'packages/transport/src/impos/server.ts': 'packages/transport/test/impos/program-api.test.ts',
  'packages/simulator/src/chaos-proxy-options.ts': 'packages/simulator/test/chaos-proxy.test.ts',
  'packages/simulator/src/proxied-connection.ts': 'packages/simulator/test/chaos-proxy.test.ts',
  'packages/simulator/src/compliance/pipe-end.ts': 'packages/simulator/test/compliance/link-compliance.test.ts',
  'packages/simulator/src/compliance/store-records.ts': 'packages/simulator/test/compliance/store-compliance.test.ts',
  'packages/simulator/src/timer-queue.ts': 'packages/simulator/test/timer-queue.property.test.ts',
  'packages/reliable-channel/src/core/inbox-journal.ts': 'packages/reliable-channel/test/core/receiver.test.ts',
  'packages/reliable-channel/src/core/receiver-answers.ts': 'packages/reliable-channel/test/core/receiver.test.ts',
  'packages/reliable-channel/src/core/receiver-bounds.ts': 'packages/reliable-channel/test/core/receiver-table.test.ts',
  'packages/reliable-channel/src/core/attrition.ts': 'packages/reliable-channel/test/core/outbox.property.test.ts',
  'packages/reliable-channel/src/core/burial.ts': 'packages/reliable-channel/test/core/outbox.property.test.ts',
  'packages/reliable-channel/src/core/outbox-contract.ts':
    'packages/reliable-channel/test/core/outbox.property.test.ts',
  'packages/reliable-channel/src/core/store-operation.ts':
    'packages/reliable-channel/test/core/outbox.property.test.ts',
  'packages/reliable-channel/src/core/epoch.ts': 'packages/reliable-channel/test/core/sender.test.ts',
  'packages/reliable-channel/src/shared-store.ts': 'packages/reliable-channel/test/tabs/shared-channel.test.ts',
  'packages/reliable-channel/src/tabs/leader.ts': 'packages/reliable-channel/test/tabs/shared-channel.test.ts',
  'packages/reliable-channel/src/tabs/leadership.ts': 'packages/reliable-channel/test/tabs/shared-channel.test.ts',
  'packages/reliable-channel/src/tabs/tab-message.ts': 'packages/reliable-channel/test/tabs/tab-outbox.test.ts',
  'packages/reliable-channel/src/sending-stats.ts': 'packages/reliable-channel/test/sending-half.test.ts',
  'packages/agent/src/poll-until.ts': 'packages/agent/test/agent.test.ts',
  'packages/reliable-channel/src/core/intake.ts': 'packages/reliable-channel/test/core/outbox.property.test.ts',
  'packages/reliable-channel/src/core/lane-expiry.ts': 'packages/reliable-channel/test/sending-half.test.ts',
  'packages/reliable-channel/src/core/lane-numbers.ts': 'packages/reliable-channel/test/core/outbox-lane.test.ts',
  'packages/reliable-channel/src/core/outbox-lanes.ts': 'packages/reliable-channel/test/core/outbox.property.test.ts',
  'packages/reliable-channel/src/core/outbox-writes.ts': 'packages/reliable-channel/test/core/outbox.property.test.ts',
  'packages/reliable-channel/src/core/outbox.ts': 'packages/reliable-channel/test/core/outbox.property.test.ts',
  'packages/cli/src/commands/demo.ts': 'packages/cli/test/demo/demo.test.ts',
  'packages/cli/src/demo/child.ts': 'packages/cli/test/demo/demo.test.ts',
  'packages/cli/src/demo/processes/agent-process.ts': 'packages/cli/test/demo/demo.test.ts',
  'packages/cli/src/demo/processes/device-process.ts': 'packages/cli/test/demo/demo.test.ts',
  'packages/cli/src/demo/processes/network-process.ts': 'packages/cli/test/demo/demo.test.ts',
  'packages/cli/src/demo/process-messages.ts': 'packages/cli/test/demo/demo.test.ts',
  'packages/cli/src/demo/run-demo.ts': 'packages/cli/test/demo/demo.test.ts',
  'packages/cli/src/demo/view.ts': 'packages/cli/test/demo/demo.test.ts',
  'packages/cli/src/demo/way-run.ts': 'packages/cli/test/demo/demo.test.ts',
  'packages/cli/src/demo/timeline-chart.ts': 'packages/cli/test/demo/report.test.ts',
  'packages/cli/src/demo/way.ts': 'packages/cli/test/demo/report.test.ts',
  'packages/cli/src/demo/demo-settings.ts': 'packages/cli/test/demo/demo.test.ts',
};

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const FOLDERS = ['packages', 'test', 'examples', 'bench'].filter((folder) => readdirSync(ROOT).includes(folder));
const sources = readSources(ROOT, FOLDERS);

/** The names of the libraries and siblings that each package declares. */
function declaredDependencies(): Record<string, string[]> {
  const names = readdirSync(`${ROOT}packages`);
  return Object.fromEntries(
    names.map((name) => {
      const manifest = JSON.parse(readFileSync(`${ROOT}packages/${name}/package.json`, 'utf8'));
      return [name, Object.keys({ ...manifest.dependencies, ...manifest.peerDependencies })];
    }),
  );
}

/** Files made up to break a rule: path to text. */
type Files = Readonly<Record<string, string>>;

interface Rule {
  readonly name: string;
  readonly check: Check;
  /** The check as configured for the real files, where that differs. */
  readonly checkRepository?: Check;
  /** Each of these breaks the rule once, at the line given as `path:line`. */
  readonly bad: readonly (readonly [at: string, files: Files])[];
  /** Close to the line, and allowed. */
  readonly good: Files;
}

function one(path: string, text: string, line = 1): [string, Files] {
  return [`${path}:${line}`, { [path]: text }];
}

const CORE = 'packages/transport/src/core/x.ts';
const SHELL = 'packages/transport/src/x.ts';
const RUNS = 'export const a = 1;';

const RULES: readonly Rule[] = [
  {
    name: 'packages import in one direction',
    check: packagesImportInOneDirection,
    bad: [
      one('packages/protocol/src/x.ts', "import { a } from '@holdfast/transport';"),
      one('packages/transport/src/x.ts', "// Why.\nexport * from '@holdfast/agent/core';", 2),
      one('packages/agent/src/x.ts', "const a = await import('@holdfast/simulator');"),
      one('packages/agent/src/x.ts', "type A = import('@holdfast/simulator').A;"),
      one('packages/agent/src/x.ts', "import { a } from '@holdfast/agent/core';"),
      one('packages/simulator/src/x.ts', "import { a } from '@holdfast/cli';"),
      one('packages/protocol/test/x.test.ts', "import { a } from '@holdfast/transport';"),
    ],
    good: {
      'packages/agent/src/x.ts': "import { a } from '@holdfast/transport/core';",
      'packages/cli/src/x.ts': "import { a } from '@holdfast/simulator';",
      'packages/agent/test/x.test.ts': "import { a } from '@holdfast/simulator';",
      'packages/protocol/src/x.ts': "const text = \"import { a } from '@holdfast/agent'\"; // import '@holdfast/agent'",
    },
  },
  {
    name: 'packages are imported by name',
    check: packagesAreImportedByName,
    bad: [
      one('packages/agent/src/x.ts', "import { a } from '../../transport/src/x.js';"),
      one('test/x.test.ts', "import { a } from '../packages/transport/src/x.js';"),
    ],
    good: { 'packages/agent/test/core/x.test.ts': "import { a } from '../../src/core/x.js';" },
  },
  {
    name: 'tests across packages and examples use public doors',
    check: outsidersUsePublicDoors,
    bad: [
      one('test/e2e/x.test.ts', "import { a } from '@holdfast/agent/src/x.js';"),
      one('examples/x.mjs', "import { a } from '@holdfast/agent/core';"),
      one('bench/src/peers/x.ts', "import { a } from '@holdfast/agent/core';"),
    ],
    good: {
      'test/x.test.ts': "import { a } from '@holdfast/agent/core';",
      'bench/src/micro/x.ts': "import { a } from '@holdfast/agent/core';",
      'examples/x.mjs': "import { a } from '@holdfast/agent/tcp';",
    },
  },
  {
    name: 'cores import only cores',
    check: coresImportOnlyCores,
    bad: [
      one(CORE, "import { a } from '../link.js';"),
      one(CORE, "import { a } from '@holdfast/protocol';"),
      one(CORE, "import { a } from '@holdfast/agent/core';"),
      one(CORE, "import { a } from 'node:crypto';"),
      one(CORE, "import { a } from 'lmdb';"),
    ],
    good: { [CORE]: "import { a } from './y.js'; import { b } from '@holdfast/protocol/core';" },
  },
  {
    name: 'cores name no clock, timer, promise, platform or chance',
    check: coresArePure,
    bad: [
      one(CORE, 'const a = Date.now();'),
      one(CORE, '/* Date */\nconst a = Math.random();', 2),
      one(CORE, "const a = Math['random']();"),
      one(CORE, 'const { random } = Math;'),
      one(CORE, 'let a: Promise<void>;'),
      one(CORE, 'async function a() {}'),
      one(CORE, 'setTimeout(a, 1);'),
      one(CORE, 'const a = { process };'),
      one(CORE, 'globalThis.queueMicrotask(a);'),
      one(CORE, 'const a = new TextEncoder();'),
    ],
    good: {
      [CORE]:
        "// Date\nconst a = 'Date' + Math.max(1, 2); queue.process({ process: 1 }); interface A { crypto(): void }",
      [SHELL]: 'const a = Date.now();',
    },
  },
  {
    name: 'libraries stay at home',
    check: librariesStayAtHome,
    bad: [
      one('packages/reliable-channel/src/stores/memory.ts', "import { open } from 'lmdb';"),
      one('packages/agent/src/agent.ts', "import { trace } from '@opentelemetry/api';"),
      [
        'packages/transport/src/links/b.ts:1',
        {
          'packages/transport/src/links/websocket-node.ts': "import { WebSocket } from 'ws';",
          'packages/transport/src/links/b.ts': "import { WebSocket } from 'ws';",
        },
      ],
    ],
    good: {
      'packages/reliable-channel/src/stores/lmdb.ts':
        "import { open, asBinary } from 'lmdb'; export type { A } from 'lmdb';",
    },
  },
  {
    name: 'packages declare what they import',
    check: importsAreDeclared({ transport: ['@holdfast/protocol', 'ws'] }),
    checkRepository: importsAreDeclared(declaredDependencies()),
    bad: [one(SHELL, "import { a } from '@scope/ws/server';"), one(SHELL, "import { a } from '@holdfast/agent';")],
    good: { [SHELL]: "import 'node:net'; import 'ws'; import '@holdfast/protocol/core'; import './y.js';" },
  },
  {
    name: 'file names are kebab-case',
    check: fileNamesAreKebabCase,
    bad: [one('packages/agent/src/AgentQueue.ts', ''), one('test/some_thing.test.ts', '')],
    good: { 'packages/agent/src/agent-queue.ts': '', 'test/ack-ranges.property.test.ts': '' },
  },
  {
    name: 'files stay small',
    check: filesStaySmall,
    bad: [
      one(SHELL, '//\n'.repeat(321), 321),
      one('bench/src/x.ts', '//\n'.repeat(321), 321),
      one('examples/x.js', '//\n'.repeat(321), 321),
    ],
    good: { [SHELL]: '//\n'.repeat(320) },
  },
  {
    name: 'source files open with a comment',
    check: filesOpenWithAComment,
    bad: [
      one(SHELL, 'export {};'),
      one(SHELL, '/** Doc. */\nexport const A = 1;'),
      one('examples/a/x.js', 'export {};'),
    ],
    good: { [SHELL]: '// What lives here.\nexport {};', 'packages/cli/src/x.ts': '#!/usr/bin/env node\n// What.\n' },
  },
  {
    name: 'modules hold no mutable state',
    check: modulesHoldNoState,
    bad: [one(SHELL, '// Why.\nlet count = 0;', 2), one(SHELL, 'export var a = 1;')],
    good: { [SHELL]: 'const A = 1; function f() { let b = 1; }' },
  },
  {
    name: 'exports are named',
    check: exportsAreNamed,
    bad: [
      one(SHELL, 'export default 1;'),
      one(SHELL, 'export default class A {}'),
      one(SHELL, 'const a = 1;\nexport { a as default };', 2),
    ],
    good: { [SHELL]: 'export const a = 1;' },
  },
  {
    name: 'enums are absent',
    check: enumsAreAbsent,
    bad: [one(SHELL, 'export enum A { B }'), one(SHELL, 'const enum A { B }')],
    good: { [SHELL]: "export type A = 'enum';" },
  },
  {
    name: 'exports are documented',
    check: exportsAreDocumented,
    bad: [
      one(SHELL, '// Header.\n\nexport const A = 1;', 3),
      one(SHELL, '/** Doc. */\nexport function a() {}\nexport function b() {}', 3),
      one(SHELL, 'export interface A {}'),
      one(SHELL, 'export type A = 1;'),
      one(SHELL, 'class A {}\nexport { A as B };'),
      one('bench/src/x.ts', 'export const A = 1;'),
    ],
    good: {
      [SHELL]:
        '// Header.\n\n/** Doc. */\nexport abstract class A {}\nfunction inner() {}\nexport { x } from "./x.js";',
      'packages/transport/src/overloads.ts': '/** Doc. */\nexport function a(b: 1): 1;\nexport function a(b: 2): 2 {}',
    },
  },
  {
    name: 'source files have tests',
    check: sourcesHaveTests({}),
    checkRepository: sourcesHaveTests(COVERED_BY),
    bad: [one(SHELL, RUNS)],
    good: {
      'packages/transport/src/links/x.ts': RUNS,
      'packages/transport/test/links/x.test.ts': '',
      'packages/transport/src/index.ts': RUNS,
      'packages/transport/src/link.ts': "import type { B } from './b.js'; export type A = B; export interface C {}",
    },
  },
];

function describeFindings(check: Check, files: Files): string[] {
  return check(Object.entries(files).map(([path, text]) => parse(path, text))).map(describeFinding);
}

for (const { name, check, checkRepository = check, bad, good } of RULES) {
  describe(name, () => {
    test.each(bad)('finds what breaks it at %s in %j', (at, files) => {
      expect(describeFindings(check, files)).toEqual([expect.stringContaining(`${at}: `)]);
    });

    test('finds nothing in what comes close', () => {
      expect(describeFindings(check, good)).toEqual([]);
    });

    test('holds in this repository', () => {
      const found = checkRepository(sources).map(describeFinding);
      if (found.length > 0) expect.fail(`\n${found.join('\n')}`);
    });
  });
}

describe('the list of sources covered by another test', () => {
  const check = sourcesHaveTests({ [SHELL]: 'test/cover.test.ts' });

  test('spares a source its mirrored test', () => {
    expect(describeFindings(check, { [SHELL]: RUNS, 'test/cover.test.ts': '' })).toEqual([]);
  });

  test('must lead to a test', () => {
    expect(describeFindings(check, { [SHELL]: RUNS })).toEqual([expect.stringContaining('no test/cover.test.ts')]);
  });

  test.each([
    ['has a mirrored test', { [SHELL]: RUNS, 'packages/transport/test/x.test.ts': '', 'test/cover.test.ts': '' }],
    ['is gone', { 'test/cover.test.ts': '' }],
  ])('must not name a source that %s', (_, files) => {
    expect(describeFindings(check, files)).toEqual([expect.stringContaining('remove this entry')]);
  });
});
