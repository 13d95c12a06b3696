// What belongs to one device on the path: its WiFi chip, the radio both ways, and its dials.

import type { Runtime } from '@holdfast/protocol';
import {
  CONNECT_REASON,
  type ConnectReason,
  type Link,
  LinkError,
  type Pipe,
  type PipeEvents,
} from '@holdfast/transport';
import { ByteRoom } from './byte-room.js';
import { Hop, type Line } from './hop.js';
import { type PathParameters, SEGMENT_MAX_BYTES } from './parameters.js';
import type { PathRecorder } from './path-recorder.js';
import type { Segment, SegmentConnection } from './segment.js';
import { SimulatedPipe } from './simulated-pipe.js';
import { Stage, type StageControl } from './stage.js';

/** One device's way to the server. */
export interface DevicePath {
  /** The link for a transport. */
  link(): Link;
  /** The faults of its WiFi chip. */
  readonly chip: StageControl;
}

/** Why a dial fails at once. */
export interface DialRefusal {
  readonly reason: ConnectReason;
  readonly message: string;
}

/** What segments carry with them to find the two ends of their connection. */
export interface DeviceConnection extends SegmentConnection {
  readonly path: SimulatedDevice;
  readonly deviceEnd: SimulatedPipe;
  readonly serverEnd: SimulatedPipe;
}

/** A segment of such a connection. */
export type PathSegment = Segment<DeviceConnection>;

/** What the devices of a network share. */
export interface SharedPath {
  readonly runtime: Runtime;
  readonly seed: number;
  readonly parameters: PathParameters;
  readonly recorder: PathRecorder;
  readonly accessPoint: Stage;
  /** Takes what the access point has acknowledged. */
  enterAccessPoint(segment: PathSegment): void;
  /** Why nothing can be dialed behind the chip, or `undefined`. */
  dialRefusal(): DialRefusal | undefined;
  makeServerEnd(connection: DeviceConnection): SimulatedPipe;
}

/** What a dial comes to. */
interface DialOutcome {
  opened(): PipeEvents;
  refused(detail: string): void;
}

const GIVEN_UP: DialRefusal = { reason: CONNECT_REASON.notConnected, message: 'the attempt was given up' };
const NO_CHIP: DialRefusal = { reason: CONNECT_REASON.noLink, message: 'the WiFi chip is not there' };
const AT_ONCE: Line = { latencyMs: 0, jitterMs: 0, bytesPerSecond: 0, loss: { probability: 0 } };

/** A device's chip, radio and connections. */
export class SimulatedDevice implements DevicePath {
  readonly name: string;
  readonly chip: Stage;
  readonly #shared: SharedPath;
  readonly #ends = new Set<SimulatedPipe>();
  readonly #radioUp: Hop<DeviceConnection>;
  readonly #radioDown: Hop<DeviceConnection>;
  readonly #chipDown: Hop<DeviceConnection>;
  #dialCount = 0;

  constructor(name: string, shared: SharedPath) {
    const { runtime, seed, recorder, accessPoint } = shared;
    const parameters = shared.parameters.chip;
    this.name = name;
    this.#shared = shared;
    this.chip = new Stage('chip', new ByteRoom(parameters.capacityBytes), runtime, () => {
      for (const end of [...this.#ends]) end.drop('the WiFi chip lost power');
    });
    const radio: Line = { ...parameters, slotMs: parameters.radioSlotMs };
    const common = { runtime, seed, recorder };
    this.#radioUp = new Hop({
      ...common,
      direction: 'up',
      stage: this.chip,
      line: radio,
      lineName: 'radio up',
      // What is sent is kept until the server has acknowledged it, and was counted when it was taken.
      takesRoom: false,
      isHeard: () => accessPoint.isReachable,
      next: (segment) => shared.enterAccessPoint(segment),
    });
    this.#radioDown = new Hop({
      ...common,
      direction: 'down',
      stage: accessPoint,
      line: radio,
      lineName: 'radio down',
      records: 'exit',
      isHeard: () => this.chip.isReachable,
      next: (segment) => this.#chipDown.enter(segment),
    });
    this.#chipDown = new Hop({
      ...common,
      direction: 'down',
      stage: this.chip,
      line: AT_ONCE,
      lineName: 'device',
      // A chip that is full of what goes up must still hear its acknowledgements; the server's buffer bounds this queue.
      takesRoom: false,
      next: (segment) => segment.connection.deviceEnd.receive(segment),
    });
  }

  link(): Link {
    return {
      name: `simulated path of ${this.name}`,
      writeMaxBytes: SEGMENT_MAX_BYTES,
      dial: (events, signal) => this.#dial(events, signal),
    };
  }

  /** Takes what comes down through the access point. */
  enterRadio(segment: PathSegment): void {
    this.#radioDown.enter(segment);
  }

  /** Payload that the access point holds for this device's radio, in bytes. */
  get radioBytes(): number {
    return this.#radioDown.heldBytes(this.name);
  }

  #dial(events: PipeEvents, signal: AbortSignal): Promise<Pipe> {
    const refusal = this.#refusal(signal);
    if (refusal !== undefined) return Promise.reject(new LinkError(refusal.reason, refusal.message));
    return new Promise((resolve, reject) => {
      const onAbort = (): void => end.drop(GIVEN_UP.message);
      const end = this.#connect({
        opened: () => {
          signal.removeEventListener('abort', onAbort);
          resolve(end);
          return events;
        },
        refused: (detail) => {
          signal.removeEventListener('abort', onAbort);
          const reason = this.#refusal(signal)?.reason ?? CONNECT_REASON.noServer;
          reject(new LinkError(reason, detail));
        },
      });
      signal.addEventListener('abort', onAbort, { once: true });
      end.dial();
    });
  }

  #refusal(signal: AbortSignal): DialRefusal | undefined {
    if (signal.aborted) return GIVEN_UP;
    return this.chip.isReachable ? this.#shared.dialRefusal() : NO_CHIP;
  }

  #connect(outcome: DialOutcome): SimulatedPipe {
    this.#dialCount += 1;
    return new Connection(this, this.#dialCount, {
      makeDeviceEnd: (connection) => this.#makeEnd(connection, outcome),
      makeServerEnd: (connection) => this.#shared.makeServerEnd(connection),
    }).deviceEnd;
  }

  #makeEnd(connection: DeviceConnection, outcome: DialOutcome): SimulatedPipe {
    const { runtime, parameters, recorder } = this.#shared;
    const end: SimulatedPipe = new SimulatedPipe({
      runtime,
      peer: 'server',
      room: this.chip.room,
      timeouts: parameters.chip,
      surroundings: {
        ...outcome,
        accepts: () => false,
        transmit: (content) => {
          const segment = { connection, direction: 'up' as const, ...content };
          this.#radioUp.enter(segment);
          return segment;
        },
        forgetUnsent: () => this.#radioUp.forget(connection),
        record: (what, bytes, offset, detail) => {
          const direction = what === 'delivered' ? 'down' : 'up';
          recorder.recordConnection('chip', connection, what, { direction, bytes, offset, detail });
        },
        gone: () => this.#ends.delete(end),
      },
    });
    this.#ends.add(end);
    return end;
  }
}

type MakeEnd = (connection: DeviceConnection) => SimulatedPipe;

/** Both ends know the connection that they are the ends of. */
class Connection implements DeviceConnection {
  readonly device: string;
  readonly number: number;
  readonly path: SimulatedDevice;
  readonly deviceEnd: SimulatedPipe;
  readonly serverEnd: SimulatedPipe;

  constructor(path: SimulatedDevice, number: number, ends: { makeDeviceEnd: MakeEnd; makeServerEnd: MakeEnd }) {
    this.device = path.name;
    this.number = number;
    this.path = path;
    this.deviceEnd = ends.makeDeviceEnd(this);
    this.serverEnd = ends.makeServerEnd(this);
  }
}
