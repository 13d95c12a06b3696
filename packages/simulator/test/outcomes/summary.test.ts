import { describe, expect, it } from 'vitest';
import { agentText, codeText, countText, msText, policyText, returnsText } from '../../src/outcomes/summary.js';
import { at, madeUp } from './rig.js';

it('writes codes with their names, times to a tenth, counts with commas, policies as they are set', () => {
  expect(([0, 1, 2, 3, 4] as const).map(codeText)).toEqual([
    ...['0', '1 NOT_CONNECTED', '2 TIMEOUT', '3 DISCONNECTED', '4 WOULDBLOCK'],
  ]);
  expect([50, 183.504].map(msText)).toEqual(['50', '183.5']);
  expect(countText(3456)).toBe('3,456');
  expect(policyText(madeUp([]).outcome)).toBe('RETURN_ON_ERROR, WAIT_TIL_SENT, 0.25 s');
});

describe('what the program was told', () => {
  it('is one phrase for each call, with how long it blocked', () => {
    const recording = madeUp([
      at(10, { type: 'called', call: 1, message: 1, dataBytes: 9 }),
      at(10, { type: 'returned', call: 1, message: 1, code: 0 }),
      at(20, { type: 'called', call: 2, message: 2, dataBytes: 9 }),
      at(270, { type: 'returned', call: 2, message: 2, code: 2 }),
    ]);
    expect(returnsText(recording)).toBe('send(1): 0 at once; send(2): 2 TIMEOUT after 250 ms');
  });

  it('says when the program was halted in between', () => {
    const recording = madeUp([
      at(10, { type: 'called', call: 1, message: 1, dataBytes: 9 }),
      at(20, { type: 'suspended' }),
      at(30, { type: 'resumed' }),
      at(40.04, { type: 'returned', call: 1, message: 1, code: 0 }),
    ]);
    expect(returnsText(recording)).toBe('send(1): 0 after 30 ms, halted in between');
  });
});

describe('what the agent got', () => {
  it('is told by message, with the time of each', () => {
    expect(agentText(madeUp([]))).toBe('nothing');
    const handled = [10, 20, 30].map((atMs) => at(atMs, { type: 'handled', message: 1 }));
    expect(agentText(madeUp(handled.slice(0, 1)))).toBe('message 1 at 10 ms');
    expect(agentText(madeUp(handled.slice(0, 2)))).toBe('message 1 twice at 10 ms and 20 ms');
    expect(agentText(madeUp(handled))).toBe('message 1 3 times at 10 ms and 20 ms and 30 ms');
    expect(agentText(madeUp([...handled.slice(0, 1), at(50, { type: 'handled', message: 2 })]))).toBe(
      'message 1 at 10 ms, message 2 at 50 ms',
    );
  });

  it('says what was dropped, and why', () => {
    const dropped = at(10, { type: 'dropped', message: 1, reason: 'restarting' });
    expect(agentText(madeUp([dropped]))).toBe('nothing; it dropped message 1 at 10 ms (restarting)');
  });
});
