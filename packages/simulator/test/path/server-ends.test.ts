import { expect, it } from 'vitest';
import type { DeviceConnection, PathSegment } from '../../src/path/device-path.js';
import { resolvePathParameters } from '../../src/path/parameters.js';
import { PathRecorder } from '../../src/path/path-recorder.js';
import { ServerEnds } from '../../src/path/server-ends.js';
import { createVirtualRuntime } from '../../src/virtual-runtime.js';
import { segmentOf } from './segments.js';

/** A server whose devices are this test. */
function makeServer() {
  const runtime = createVirtualRuntime({ seed: 1 });
  const sent: PathSegment[] = [];
  const forgotten: DeviceConnection[] = [];
  const ends = new ServerEnds({
    runtime,
    parameters: resolvePathParameters({}),
    recorder: new PathRecorder(runtime),
    transmit: (segment) => sent.push(segment),
    forgetUnsent: (connection) => forgotten.push(connection),
  });
  let number = 0;
  const connect = () => {
    number += 1;
    const connection = { device: 'press-7', number } as DeviceConnection;
    const end = ends.make(connection);
    const receive = (about: { kind: 'open' | 'ack' | 'data'; sequence?: number; bytes?: number; ack?: number }): void =>
      end.receive({ ...segmentOf({ ...about, connection }), ...(about.ack !== undefined && { ack: about.ack }) });
    return { connection, receive };
  };
  const kinds = (): string[] => sent.splice(0).map(({ kind, direction }) => `${direction} ${kind}`);
  return { runtime, ends, connect, kinds, forgotten };
}

it('answers an opening, and accepts when the answer has come', () => {
  const { ends, connect, kinds } = makeServer();
  const accepted: string[] = [];
  ends.listen((pipe) => {
    accepted.push(pipe.peer);
    return { received: (bytes) => accepted.push(`${bytes.length} bytes`), closed: (detail) => accepted.push(detail) };
  });
  const { receive } = connect();
  receive({ kind: 'open', sequence: 0 });
  expect([kinds(), accepted, ends.count]).toEqual([['down open'], [], 1]);
  receive({ kind: 'data', sequence: 1, bytes: 5, ack: 1 });
  expect(accepted).toEqual(['press-7', '5 bytes']);
  ends.dropAll();
  expect([accepted.at(-1), kinds(), ends.count]).toEqual(['the server lost power', [], 0]);
  receive({ kind: 'data', sequence: 6, bytes: 5, ack: 1 });
  expect(kinds()).toEqual(['down reset']);
});

it('resets what it does not know, and all that it knows when told to', () => {
  const { ends, connect, kinds, forgotten } = makeServer();
  const unknown = connect();
  unknown.receive({ kind: 'open', sequence: 0 });
  expect([kinds(), ends.count]).toEqual([['down reset'], 0]);
  const closed: string[] = [];
  const stop = ends.listen(() => ({ received: () => {}, closed: (detail) => closed.push(detail) }));
  const [open, opening] = [connect(), connect()];
  open.receive({ kind: 'open', sequence: 0 });
  open.receive({ kind: 'ack', ack: 1 });
  opening.receive({ kind: 'open', sequence: 0 });
  kinds();
  ends.resetAll();
  expect([kinds(), closed, ends.count]).toEqual([['down reset', 'down reset'], ['the server reset the connection'], 0]);
  expect(forgotten).toEqual([open.connection, opening.connection]);
  stop();
});

it('says nothing more to a device that it turns away', async () => {
  const { runtime, ends, connect, kinds } = makeServer();
  ends.listen((pipe) => {
    pipe.destroy();
    return { received: () => expect.fail('received'), closed: () => {} };
  });
  const { receive } = connect();
  receive({ kind: 'open', sequence: 0 });
  receive({ kind: 'data', sequence: 1, bytes: 5, ack: 1 });
  await runtime.advance(1_000);
  expect(kinds()).toEqual(['down open', 'down reset']);
});

it('turns away a connection whose program stopped listening while it was opened', () => {
  const { ends, connect, kinds } = makeServer();
  const stop = ends.listen(() => expect.fail('accepted'));
  ends.listen(() => expect.fail('accepted'));
  stop();
  const late = connect();
  late.receive({ kind: 'open', sequence: 0 });
  expect(kinds()).toEqual(['down open']);
  ends.listen(() => expect.fail('accepted'))();
  late.receive({ kind: 'ack', ack: 1 });
  expect([kinds(), ends.count]).toEqual([['down reset'], 0]);
});
