import { memoryStore } from '@holdfast/reliable-channel/memory';
import { describe, expect, it } from 'vitest';
import type { AgentOptions } from '../src/index.js';
import { tcpListener } from '../src/listeners/tcp.js';
import { resolveAgentOptions } from '../src/options.js';

const OPTIONS: AgentOptions = { listeners: [tcpListener()], store: memoryStore() };

describe('resolveAgentOptions', () => {
  it('fills in what its documentation says', () => {
    expect(resolveAgentOptions(OPTIONS)).toMatchObject({
      authenticate: undefined,
      agentQueueMaxMessages: 10_000,
      agentQueueMaxBytes: 67_108_864,
      deviceQueueMaxMessages: 1_024,
      deviceQueueMaxBytes: 4_194_304,
      creditMessages: 1_024,
      retryAfterMs: 250,
      connectionsMax: 10_000,
      devicesMax: 20_000,
    });
  });

  it.each([
    ['listeners', []],
    ['listeners', undefined],
    ['store', undefined],
    ['store', './inbox'],
    ['authenticate', 'token'],
    ['agentQueueMaxMessages', 0],
    ['agentQueueMaxBytes', 1_000],
    ['deviceQueueMaxMessages', 0],
    ['deviceQueueMaxBytes', 1_000],
    ['creditMessages', 0.5],
    ['retryAfterMs', -1],
    ['connectionsMax', Number.POSITIVE_INFINITY],
    ['devicesMax', '7'],
  ])('names %s when it is %j', (name, value) => {
    const wrong = { ...OPTIONS, [name]: value } as unknown as AgentOptions;
    expect(() => resolveAgentOptions(wrong)).toThrow(name);
  });

  it('takes the limits of connections over its own', () => {
    const { connection } = resolveAgentOptions({ ...OPTIONS, connection: { sendBufferBytes: 100 } });
    expect(connection.sendBufferBytes).toBe(100);
  });
});
