import { expect, it } from 'vitest';
import { resolvePathParameters } from '../../src/path/parameters.js';

it('has a default for everything', () => {
  expect(resolvePathParameters({})).toEqual({
    chip: {
      ...{ latencyMs: 2, jitterMs: 3, bytesPerSecond: 250_000, capacityBytes: 5_840, loss: { probability: 0.01 } },
      ...{ radioSlotMs: 5, attemptsMax: 7, retransmitMs: 300, retransmitMaxMs: 10_000 },
      ...{ unansweredMaxMs: 180_000, endMaxMs: 20_000 },
    },
    accessPoint: {
      ...{ latencyMs: 3, jitterMs: 2, bytesPerSecond: 1_250_000, capacityBytes: 65_536, loss: { probability: 0 } },
    },
    router: {
      ...{ latencyMs: 30, jitterMs: 4, bytesPerSecond: 2_500_000, capacityBytes: 65_536, loss: { probability: 0 } },
      ...{ reorderProbability: 0, reorderDelayMs: 20 },
    },
    server: {
      ...{ latencyMs: 0, jitterMs: 0, bytesPerSecond: 0, capacityBytes: 1_048_576, loss: { probability: 0 } },
      sendBufferBytes: 32_768,
    },
  });
});

it('takes what differs and keeps the rest', () => {
  const burst = { beginProbability: 0.1, endProbability: 0.5, probability: 0.9 };
  const parameters = resolvePathParameters({
    chip: { retransmitMs: 20_000 },
    router: { latencyMs: 300, loss: { probability: 0.1, burst } },
    server: { bytesPerSecond: Number.POSITIVE_INFINITY },
  });
  expect(parameters.chip).toMatchObject({ latencyMs: 2, retransmitMs: 20_000, retransmitMaxMs: 20_000 });
  expect(parameters.router).toMatchObject({ latencyMs: 300, jitterMs: 4, loss: { probability: 0.1, burst } });
  expect(parameters.server.bytesPerSecond).toBe(Number.POSITIVE_INFINITY);
});

const BURST = { beginProbability: 0, endProbability: 1, probability: 1 };

it.each([
  ['chip.latencyMs', { chip: { latencyMs: -1 } }],
  ['accessPoint.jitterMs', { accessPoint: { jitterMs: Number.NaN } }],
  ['router.bytesPerSecond', { router: { bytesPerSecond: -1 } }],
  ['server.capacityBytes', { server: { capacityBytes: 575 } }],
  ['chip.capacityBytes', { chip: { capacityBytes: 600.5 } }],
  ['chip.radioSlotMs', { chip: { radioSlotMs: Number.POSITIVE_INFINITY } }],
  ['chip.attemptsMax', { chip: { attemptsMax: 0 } }],
  ['chip.retransmitMs', { chip: { retransmitMs: 0 } }],
  ['chip.retransmitMaxMs', { chip: { retransmitMs: 100, retransmitMaxMs: 99 } }],
  ['chip.unansweredMaxMs', { chip: { unansweredMaxMs: 0 } }],
  ['chip.endMaxMs', { chip: { endMaxMs: 0 } }],
  ['router.reorderProbability', { router: { reorderProbability: 1.1 } }],
  ['router.reorderDelayMs', { router: { reorderDelayMs: -1 } }],
  ['server.sendBufferBytes', { server: { sendBufferBytes: 575 } }],
  ['chip.loss.probability', { chip: { loss: { probability: 2 } } }],
  [
    'router.loss.burst.beginProbability',
    { router: { loss: { probability: 0, burst: { ...BURST, beginProbability: 2 } } } },
  ],
  [
    'router.loss.burst.endProbability',
    { router: { loss: { probability: 0, burst: { ...BURST, endProbability: -1 } } } },
  ],
  ['router.loss.burst.probability', { router: { loss: { probability: 0, burst: { ...BURST, probability: 2 } } } }],
])('names %s when it is out of range', (name, choices) => {
  expect(() => resolvePathParameters(choices)).toThrow(`${name} must be`);
});
