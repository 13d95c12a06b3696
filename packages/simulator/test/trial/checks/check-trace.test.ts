// All checks at once; and that they are what they claim to be, which is independent of what they check.

import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { checkTrace, TRACE_CHECKS } from '../../../src/trial/checks/check-trace.js';
import * as t from './traces.js';

test('a trial in which all went well breaks nothing', () => {
  const plain = [t.plainSend(3), t.plainCode(3, 0), t.received(3, true), t.plainBegan(3)];
  expect(checkTrace(t.traceOf(t.opened(1), t.wholeLife(1), t.wholeLife(2), plain, t.END))).toEqual([]);
});

test('what is found is in the order of time, under the name of its check', () => {
  const found = checkTrace(t.traceOf(t.opened(1), t.send(1), t.stored(1), t.began(2), t.plainCode(5, 9)));
  expect(found.map(({ atMs }) => atMs)).toEqual(found.map(({ atMs }) => atMs).sort((a, b) => a - b));
  const names = new Set(found.map(({ check }) => check));
  expect(names).toEqual(new Set(['durable before stored', 'content', 'plain sends', 'one outcome', 'live']));
  for (const name of names) expect(Object.keys(TRACE_CHECKS)).toContain(name);
});

test('checks import one another and the shape of a trace, and nothing of the code that they judge', () => {
  const folder = fileURLToPath(new URL('../../../src/trial/checks/', import.meta.url));
  const imports = readdirSync(folder).flatMap((file) =>
    [...readFileSync(`${folder}${file}`, 'utf8').matchAll(/^.*from '(.*)';$/gm)].map(([line, from]) => ({
      line,
      from,
    })),
  );
  const others = imports.filter(({ from }) => !from?.startsWith('./'));
  expect(new Set(others.map(({ from }) => from))).toEqual(new Set(['../trace-event.js']));
  expect(others.filter(({ line }) => !line.startsWith('import type '))).toEqual([]);
});
