// Cores own no clock, timer, promise, I/O or randomness. Their compiler settings hide most of that from them; this
// check covers the rest, and says in one place what a core must not name.
import ts from 'typescript';
import { type Check, type Finding, findingAt, type Source, walk } from './source.js';

const CLOCK = 'A core has no clock and no timer: take nowMs, answer nextTimeoutMs().';
const WAITING = 'A core waits for nothing: put the work in an output and take its result as an input.';
const CHANCE = 'A core draws no random number of its own: take a RandomUint32.';
const PLATFORM = 'A core knows no platform: let the shell do this.';

const FORBIDDEN_NAMES: ReadonlyMap<string, string> = new Map([
  ['Date', CLOCK],
  ['performance', CLOCK],
  ['setTimeout', CLOCK],
  ['setInterval', CLOCK],
  ['queueMicrotask', WAITING],
  ['Promise', WAITING],
  ['crypto', CHANCE],
  ['process', PLATFORM],
  ['Buffer', PLATFORM],
  ['console', PLATFORM],
  ['TextEncoder', PLATFORM],
  ['TextDecoder', PLATFORM],
  ['globalThis', PLATFORM],
]);

export const coresArePure: Check = (sources) =>
  sources.filter((source) => /^packages\/[^/]+\/src\/core\//.test(source.path)).flatMap(impurities);

function impurities(source: Source): Finding[] {
  const findings: Finding[] = [];
  walk(source.tree, (node) => {
    const advice = adviceFor(node);
    if (advice !== undefined) findings.push(findingAt(source, node, advice));
  });
  return findings;
}

function adviceFor(node: ts.Node): string | undefined {
  if (node.kind === ts.SyntaxKind.AsyncKeyword || node.kind === ts.SyntaxKind.AwaitKeyword) return WAITING;
  if (ts.isAwaitExpression(node)) return WAITING;
  if (!ts.isIdentifier(node) || isMemberName(node)) return undefined;
  if (node.text === 'Math' && drawsFrom(node.parent)) return CHANCE;
  return FORBIDDEN_NAMES.get(node.text);
}

/** `process` in `queue.process()` or `{ process: 1 }` is somebody's member, not the global. */
function isMemberName(node: ts.Identifier): boolean {
  const parent = node.parent;
  if (ts.isPropertyAccessExpression(parent)) return parent.name === node;
  if (ts.isQualifiedName(parent)) return parent.right === node;
  if (ts.isBindingElement(parent)) return parent.propertyName === node;
  return (
    (ts.isPropertyAssignment(parent) || ts.isTypeElement(parent) || ts.isClassElement(parent)) && parent.name === node
  );
}

/** `Math.random`, `Math['random']`, or `Math` handed on whole, where nobody can see what becomes of it. */
function drawsFrom(parent: ts.Node): boolean {
  if (ts.isPropertyAccessExpression(parent)) return parent.name.text === 'random';
  return true;
}
