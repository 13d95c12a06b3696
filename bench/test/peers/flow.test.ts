import { expect, test } from 'vitest';
import { Flow } from '../../src/peers/flow.js';

test('sends no more than the window holds, and one message for every acknowledgement', async () => {
  let sent = 0;
  const flow = new Flow(3, () => {
    sent += 1;
  });
  const done = flow.deliver(5);
  expect(sent).toBe(3);
  flow.acknowledged(1);
  expect(sent).toBe(4);
  flow.acknowledged(3);
  expect(sent).toBe(5);
  flow.acknowledged(1);
  await done;
});

test('can be used again, and survives acknowledgements that come at once', async () => {
  let sent = 0;
  const flow: Flow = new Flow(2, () => {
    sent += 1;
    flow.acknowledged(1);
  });
  await flow.deliver(1_000);
  await flow.deliver(1_000);
  expect(sent).toBe(2_000);
});

test('an acknowledgement for nothing is an error', () => {
  expect(() => new Flow(2, () => {}).acknowledged(1)).toThrow(/acknowledgements/);
});
