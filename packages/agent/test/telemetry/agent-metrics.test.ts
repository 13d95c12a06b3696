import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics';
import { expect, it } from 'vitest';
import { reject, retryLater } from '../../src/index.js';
import { openTelemetry } from '../../src/telemetry/opentelemetry.js';
import { Rig } from '../support/rig.js';

function meterRig() {
  const exporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
  const provider = new MeterProvider({
    readers: [new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 3_600_000 })],
  });
  const collect = async (): Promise<Record<string, number>> => {
    exporter.reset();
    await provider.forceFlush();
    const points = exporter.getMetrics().flatMap(({ scopeMetrics }) =>
      scopeMetrics.flatMap(({ metrics }) =>
        metrics.flatMap(({ descriptor, dataPoints }) =>
          dataPoints.map(({ value, attributes }) => {
            expect(attributes.site).toBe(1);
            const reason = attributes['holdfast.reason'];
            return [reason === undefined ? descriptor.name : `${descriptor.name} ${reason}`, value] as const;
          }),
        ),
      ),
    );
    return Object.fromEntries(points) as Record<string, number>;
  };
  return { meter: provider.getMeter('test'), collect, shutdown: () => provider.shutdown() };
}

it('measures an agent from listening to closing', async () => {
  const { meter, collect, shutdown } = meterRig();
  const rig = await Rig.start({ telemetry: openTelemetry({ meter, attributes: { site: 1 } }) });
  let isFirst = true;
  rig.agent.on('reading', () => 'ok');
  rig.agent.on('bad', () => {
    throw reject('no');
  });
  rig.agent.on('later', () => {
    if (!isFirst) return;
    isFirst = false;
    throw retryLater(10);
  });
  const channel = await rig.channel('press-7');
  for (const name of ['reading', 'bad', 'later']) await rig.until(channel.send(name, 1).settled);
  const plain = await rig.device('press-8');
  await rig.until(plain.send('nobody', 1));
  await rig.when(() => rig.agent.stats().receivedMessages === 1);
  const away = await rig.until(rig.agent.device('press-9').send('command', 1));
  await rig.until(away.stored);
  expect(await collect()).toMatchObject({
    'holdfast.agent.connections': 2,
    'holdfast.agent.devices': 2,
    'holdfast.agent.queue.messages': 0,
    'holdfast.agent.handlers.running': 0,
    'holdfast.agent.overloaded': 0,
    'holdfast.agent.outbox.messages': 1,
    'holdfast.agent.dead_letters': 0,
    'holdfast.agent.messages.received': 1,
    'holdfast.agent.messages.handled': 2,
    'holdfast.agent.messages.replied': 1,
    'holdfast.agent.messages.rejected': 1,
    'holdfast.agent.messages.retried retryLater': 1,
    'holdfast.agent.messages.retried handlerFailed': 0,
    'holdfast.agent.messages.dropped noHandler': 1,
  });
  await rig.until(rig.agent.close());
  // The SDK goes on to say what it knew last: nobody looks at the closed agent any more.
  expect((await collect())['holdfast.agent.devices']).toBe(2);
  expect(rig.agent.stats().devices).toBe(0);
  await shutdown();
});
