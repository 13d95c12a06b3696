// The simulated path: what lies between the send buffers of devices and their agent, in virtual time and from one seed.
// Each device has a WiFi chip; access point, router and server are shared. The stages are put together here.
//
//   up:    chip -(radio)-> access point --> router --> server -> the server's end of the connection
//   down:  server --> router --> access point -(radio)-> chip -> the device's end
//
// Both ends speak a small TCP over the stages, so bytes come in order, once and ungarbled, or not at all.

import { checkInteger, checkText, type Runtime } from '@holdfast/protocol';
import { CONNECT_REASON } from '@holdfast/transport';
import type { AcceptPipe } from '@holdfast/transport/memory';
import { ByteRoom } from './byte-room.js';
import {
  type DeviceConnection,
  type DevicePath,
  type DialRefusal,
  type PathSegment,
  SimulatedDevice,
} from './device-path.js';
import type { PathDirection, PathEvent, StageName } from './events.js';
import { Hop, type Line } from './hop.js';
import { type PathParameterChoices, resolvePathParameters, SEGMENT_MAX_BYTES } from './parameters.js';
import { PathRecorder } from './path-recorder.js';
import { ServerEnds } from './server-ends.js';
import { checkFaultMs, Stage, type StageControl } from './stage.js';

/** The options of `createSimulatedNetwork`. */
export interface SimulatedNetworkOptions {
  /** Usually a `VirtualRuntime`. */
  readonly runtime: Runtime;
  /** Decides every loss, delay and reordering: an integer from 0 to 2^53 - 1. */
  readonly seed: number;
  /** What is to differ from the defaults, stage by stage. */
  readonly parameters?: PathParameterChoices;
}

/** The faults of the access point. */
export interface AccessPointControl extends StageControl {
  /** Gives out no addresses for so long, in milliseconds: dialing fails with `noIpAddress`. Open pipes do not notice. */
  withholdAddresses(ms: number): void;
}

/** The faults of the router. */
export interface RouterControl extends StageControl {
  /** Resolves no names for so long, in milliseconds: dialing fails with `notResolved`. Open pipes do not notice. */
  withholdNames(ms: number): void;
}

/** The faults of the server's machine. */
export interface ServerControl extends StageControl {
  /** Resets every connection: the server's end hears `closed` now, the device's end when the reset has come. */
  reset(): void;
}

/** The path from many devices to one server. */
export interface SimulatedNetwork {
  /** The most bytes that a pipe wants at once: one segment, 576 bytes. */
  readonly writeMaxBytes: number;
  /** Becomes the server, in place of an earlier one. Returns the function that ends it; open pipes stay. */
  listen(accept: AcceptPipe): () => void;
  /** The way of one device. The same name is the same device, with the same chip. */
  device(name: string): DevicePath;
  readonly accessPoint: AccessPointControl;
  readonly router: RouterControl;
  readonly server: ServerControl;
  /** Tells of every step of every segment, as it happens. Returns the function that ends it. */
  observe(observer: (event: PathEvent) => void): () => void;
  /**
   * The payload that a stage holds now, in bytes, of all devices or of one. Never above the stage's capacity, which every
   * chip has for itself. For a chip that is what has been written and is not acknowledged by the server.
   */
  heldBytes(stage: StageName, device?: string): number;
}

/**
 * Creates a path.
 *
 * @throws TypeError or RangeError that names the parameter or the seed
 */
export function createSimulatedNetwork(options: SimulatedNetworkOptions): SimulatedNetwork {
  return new Network(options);
}

/** Of a device's name. */
const NAME_MAX_BYTES = 256;

/** The hops of a shared stage. */
interface Hops {
  readonly up: Hop<DeviceConnection>;
  readonly down: Hop<DeviceConnection>;
}

class Network implements SimulatedNetwork {
  readonly writeMaxBytes = SEGMENT_MAX_BYTES;
  readonly accessPoint: AccessPointControl;
  readonly router: RouterControl;
  readonly server: ServerControl;
  readonly #runtime: Runtime;
  readonly #seed: number;
  readonly #recorder: PathRecorder;
  readonly #stages: Readonly<Record<Exclude<StageName, 'chip'>, Stage>>;
  readonly #hops: Readonly<Record<Exclude<StageName, 'chip'>, Hops>>;
  readonly #serverEnds: ServerEnds;
  readonly #devices = new Map<string, SimulatedDevice>();
  readonly #makeDevice: (name: string) => SimulatedDevice;
  #addressesFromMs = 0;
  #namesFromMs = 0;

  constructor({ runtime, seed, parameters: choices = {} }: SimulatedNetworkOptions) {
    const parameters = resolvePathParameters(choices);
    this.#runtime = runtime;
    this.#seed = checkInteger('seed', seed, { min: 0, max: Number.MAX_SAFE_INTEGER });
    this.#recorder = new PathRecorder(runtime);
    const recorder = this.#recorder;
    const transmit = (segment: PathSegment): void => this.#hops.server.down.enter(segment);
    const forgetUnsent = (connection: DeviceConnection): void => this.#hops.server.down.forget(connection);
    this.#serverEnds = new ServerEnds({ runtime, parameters, recorder, transmit, forgetUnsent });
    const room = (stage: Exclude<StageName, 'chip'>): ByteRoom => new ByteRoom(parameters[stage].capacityBytes);
    const accessPoint = new Stage('accessPoint', room('accessPoint'), runtime);
    const router = new Stage('router', room('router'), runtime);
    const server = new Stage('server', room('server'), runtime, () => this.#serverEnds.dropAll());
    this.#stages = { accessPoint, router, server };
    this.#hops = {
      accessPoint: this.#makeHops(accessPoint, parameters.accessPoint, {
        up: (segment) => this.#hops.router.up.enter(segment),
        down: (segment) => segment.connection.path.enterRadio(segment),
      }),
      router: this.#makeHops(router, parameters.router, {
        up: (segment) => this.#hops.server.up.enter(segment),
        down: (segment) => this.#hops.accessPoint.down.enter(segment),
      }),
      server: this.#makeHops(server, parameters.server, {
        up: (segment) => segment.connection.serverEnd.receive(segment),
        down: (segment) => this.#hops.router.down.enter(segment),
      }),
    };
    this.accessPoint = {
      ...controlOf(accessPoint),
      withholdAddresses: (ms) => {
        this.#addressesFromMs = Math.max(this.#addressesFromMs, runtime.nowMs() + checkFaultMs(ms));
      },
    };
    this.router = {
      ...controlOf(router),
      withholdNames: (ms) => {
        this.#namesFromMs = Math.max(this.#namesFromMs, runtime.nowMs() + checkFaultMs(ms));
      },
    };
    this.server = { ...controlOf(server), reset: () => this.#serverEnds.resetAll() };
    const enterAccessPoint = (segment: PathSegment): void => this.#hops.accessPoint.up.enter(segment);
    const shared = {
      ...{ runtime, seed, parameters, recorder, accessPoint, enterAccessPoint },
      dialRefusal: () => this.#dialRefusal(),
      makeServerEnd: (connection: DeviceConnection) => this.#serverEnds.make(connection),
    };
    this.#makeDevice = (name) => new SimulatedDevice(name, shared);
  }

  listen(accept: AcceptPipe): () => void {
    return this.#serverEnds.listen(accept);
  }

  device(name: string): DevicePath {
    const known = this.#devices.get(name);
    if (known !== undefined) return known;
    const device = this.#makeDevice(checkText('name', name, NAME_MAX_BYTES));
    this.#devices.set(name, device);
    return device;
  }

  observe(observer: (event: PathEvent) => void): () => void {
    return this.#recorder.observe(observer);
  }

  heldBytes(stage: StageName, device?: string): number {
    const devices = device === undefined ? [...this.#devices.values()] : [this.#devices.get(device)];
    if (stage === 'chip') return devices.reduce((sum, each) => sum + (each?.chip.room.usedBytes ?? 0), 0);
    if (device === undefined) return this.#stages[stage].room.usedBytes;
    const { up, down } = this.#hops[stage];
    const radioBytes = stage === 'accessPoint' ? (devices[0]?.radioBytes ?? 0) : 0;
    return up.heldBytes(device) + down.heldBytes(device) + radioBytes;
  }

  #makeHops(stage: Stage, line: Line, next: Record<PathDirection, (segment: PathSegment) => void>): Hops {
    const { name } = stage;
    const common = { runtime: this.#runtime, seed: this.#seed, recorder: this.#recorder, stage, line };
    return {
      up: new Hop({ ...common, direction: 'up', lineName: `${name} up`, next: next.up }),
      down: new Hop({
        ...common,
        direction: 'down',
        lineName: `${name} down`,
        next: next.down,
        // A segment leaves the access point over the radio, not before.
        records: name === 'accessPoint' ? 'entry' : 'both',
      }),
    };
  }

  /** What a dial finds out before its first segment leaves: the network, an address, a name, the way. */
  #dialRefusal(): DialRefusal | undefined {
    const { accessPoint, router, server } = this.#stages;
    const nowMs = this.#runtime.nowMs();
    if (!accessPoint.isReachable) return { reason: CONNECT_REASON.noLink, message: 'there is no WiFi network' };
    if (nowMs < this.#addressesFromMs) {
      return { reason: CONNECT_REASON.noIpAddress, message: 'the access point gave no address' };
    }
    if (nowMs < this.#namesFromMs) return { reason: CONNECT_REASON.notResolved, message: 'the name does not resolve' };
    if (router.isCutOff || server.isCutOff) {
      return { reason: CONNECT_REASON.noServer, message: 'there is no way to the server' };
    }
    return undefined;
  }
}

/** The faults of a stage, without what the path itself needs of it. */
function controlOf(stage: Stage): StageControl {
  return {
    stick: (ms) => stage.stick(ms),
    powerOff: (ms) => stage.powerOff(ms),
    blackHole: (ms) => stage.blackHole(ms),
    partition: (ms) => stage.partition(ms),
  };
}
