import { expect, it } from 'vitest';
import type { PathEvent } from '../../src/path/events.js';
import { PathRecorder } from '../../src/path/path-recorder.js';
import { createVirtualRuntime } from '../../src/virtual-runtime.js';
import { segmentOf } from './segments.js';

it('tells of segments and connections, with the time', async () => {
  const runtime = createVirtualRuntime({ seed: 1 });
  const recorder = new PathRecorder(runtime);
  const events: PathEvent[] = [];
  recorder.observe((event) => events.push(event));
  await runtime.advance(5);
  const about = { atMs: 5, device: 'press-7', connection: 1, direction: 'up' };
  const segment = segmentOf({ sequence: 11, bytes: 3 });
  recorder.record('chip', segment, 'entered');
  recorder.record('router', segmentOf({ kind: 'ack' }), 'lost', 'full');
  recorder.record('router', segmentOf({ kind: 'ack' }), 'entered');
  recorder.record('chip', segment, 'left');
  recorder.recordConnection('server', { device: 'a', number: 2 }, 'opened', { direction: 'down', bytes: 0, offset: 0 });
  expect(events).toEqual([
    { ...about, stage: 'chip', what: 'entered', bytes: 3, offset: 10, segment: 1 },
    { ...about, stage: 'router', what: 'lost', bytes: 0, offset: 0, segment: 2, detail: 'full' },
    { ...about, stage: 'router', what: 'entered', bytes: 0, offset: 0, segment: 3, detail: 'ack' },
    { ...about, stage: 'chip', what: 'left', bytes: 3, offset: 10, segment: 1 },
    { atMs: 5, device: 'a', connection: 2, direction: 'down', stage: 'server', what: 'opened', bytes: 0, offset: 0 },
  ]);
});

it('tells every observer until it has had enough', () => {
  const recorder = new PathRecorder(createVirtualRuntime({ seed: 1 }));
  const told: string[] = [];
  const stopOne = recorder.observe(() => told.push('one'));
  const stopTwo = recorder.observe(() => told.push('two'));
  recorder.record('chip', segmentOf({}), 'entered');
  stopOne();
  stopOne();
  recorder.record('chip', segmentOf({}), 'entered');
  stopTwo();
  recorder.record('chip', segmentOf({}), 'entered');
  expect(told).toEqual(['one', 'two', 'two']);
});
