import { expect, it } from 'vitest';
import { openTelemetry } from '../../src/telemetry/opentelemetry.js';
import { ChannelRig } from '../support/channel-rig.js';
import { openTelemetryRig } from './open-telemetry-rig.js';

it('carries the context of the trace to the other end, and says what has become of messages', async () => {
  const telemetry = openTelemetryRig();
  const rig = new ChannelRig();
  const parents: unknown[] = [];
  rig.handle = ({ name, headers }) => {
    parents.push(headers.traceparent);
    return name === 'bad' ? { status: 'rejected', reason: 'no good' } : undefined;
  };
  await rig.startAgent();
  const channel = await rig.open({ telemetry: openTelemetry({ attributes: { site: 1 } }) });
  channel.send('good', 1);
  channel.send('bad', 2);
  await rig.until(() => channel.stats().outboxMessages === 0);
  expect(parents).toEqual(
    telemetry.spans().map((span) => `00-${span.spanContext().traceId}-${span.spanContext().spanId}-01`),
  );
  const measured = await telemetry.collect();
  expect(measured['holdfast.messages.accepted']).toEqual([{ value: 2, attributes: { site: 1 } }]);
  expect(measured['holdfast.messages.ended']).toContainEqual({
    value: 1,
    attributes: { site: 1, 'holdfast.status': 'rejected' },
  });
});

it('does nothing that can be seen without an SDK', async () => {
  const rig = new ChannelRig();
  const headers: unknown[] = [];
  rig.handle = (message) => void headers.push(message.headers);
  await rig.startAgent();
  const channel = await rig.open({ telemetry: openTelemetry() });
  channel.send('good', 1);
  await rig.until(() => channel.stats().outboxMessages === 0);
  expect(headers).toEqual([{}]);
});
