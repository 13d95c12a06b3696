// The server's half of an agent: takes connections, lets devices in or keeps them out, and sees to it that a device has
// one live connection, the newest. It acknowledges bytes; what becomes of messages is the agent's half's business.

import { CLOSE_CODE, REFUSE_CODE } from '@holdfast/protocol';
import { AcceptedConnection, type FrameCarrier } from '@holdfast/transport';
import { BoundedCarrier } from './bounded-carrier.js';
import { BoundedSends } from './bounded-sends.js';
import type { DeviceConnection, DeviceEntry } from './device-entry.js';
import type { DeviceTable } from './device-table.js';
import type { AgentEvent } from './events.js';
import type { AcceptPipe } from './listener.js';
import type { ResolvedAgentOptions } from './options.js';

/** Whom to tell. */
export interface ServerEvents {
  emit(event: AgentEvent): void;
  /** A plain message has come, and the server ack is on its way. `bytes`: of its data. */
  message(device: string, message: { readonly name: string; readonly data: unknown }, bytes: number): void;
}

/** One connection. */
interface Session extends DeviceConnection {
  readonly connection: AcceptedConnection;
  /** Empty until it has said hello. */
  deviceId: string;
}

interface Refusal {
  readonly code: number;
  readonly reason: string;
}

/** The connections of an agent. */
export class Server {
  readonly #options: ResolvedAgentOptions;
  readonly #devices: DeviceTable;
  readonly #events: ServerEvents;
  readonly #sessions = new Set<Session>();
  /** Those that have not been let in, oldest first. */
  readonly #strangers = new Set<Session>();
  #isClosed = false;
  #lastNumber = 0;
  /** Calls of `authenticate` that have not ended. They can outlive their connections. */
  #checks = 0;

  constructor(options: ResolvedAgentOptions, devices: DeviceTable, events: ServerEvents) {
    this.#options = options;
    this.#devices = devices;
    this.#events = events;
  }

  /** Takes a new connection, or closes it when there are too many. */
  accept(makePipe: Parameters<AcceptPipe>[0], writeMaxBytes: number): void {
    const session = this.#createSession(writeMaxBytes);
    const pipe = makePipe(session.connection.pipeEvents);
    if (this.#isClosed || !this.#hasRoom()) {
      pipe.destroy();
      const detail = this.#isClosed ? 'the agent is shutting down' : 'too many connections';
      this.#events.emit({ type: 'handshakeFailed', peer: pipe.peer, detail });
      return;
    }
    this.#sessions.add(session);
    this.#strangers.add(session);
    session.connection.begin(pipe);
  }

  /** Says goodbye to everyone; whoever comes from now on is turned away. */
  close(): void {
    this.#isClosed = true;
    for (const { connection } of [...this.#sessions]) {
      connection.close(CLOSE_CODE.shuttingDown, 'the agent is shutting down');
    }
  }

  /** Connections, those that were not let in yet included. */
  get connectionCount(): number {
    return this.#sessions.size;
  }

  #createSession(writeMaxBytes: number): Session {
    const { runtime, connection: limits } = this.#options;
    const connection = new AcceptedConnection(
      { ...limits, runtime, writeMaxBytes },
      {
        hello: (deviceId, token) => {
          session.deviceId = deviceId;
          void this.#onHello(session, token);
        },
        message: (name, data, bytes) => this.#events.message(session.deviceId, { name, data }, bytes),
        ended: ({ detail }) => this.#onEnded(session, detail),
      },
    );
    const carrier: FrameCarrier = new BoundedCarrier(connection.carrier, () => {
      connection.close(CLOSE_CODE.sendTimeout, 'the device does not read what it is sent');
    });
    this.#lastNumber += 1;
    const sends = new BoundedSends(connection);
    const session: Session = { number: this.#lastNumber, deviceId: '', connection, carrier, sends };
    return session;
  }

  /** With every place taken, the oldest connection that was not let in yet gives up its own: it may be there for nothing. */
  #hasRoom(): boolean {
    if (this.#sessions.size < this.#options.connectionsMax) return true;
    for (const { connection } of this.#strangers) {
      connection.close(CLOSE_CODE.normal, 'too many connections');
      return true;
    }
    return false;
  }

  async #onHello(session: Session, token: string): Promise<void> {
    const refusal = await this.#check(session, token);
    if (refusal !== undefined) {
      this.#refuse(session, refusal);
      return;
    }
    try {
      const isKnown = await this.#devices.use(session.deviceId, (device) => this.#admit(session, device));
      if (!isKnown) this.#refuse(session, busy('the agent has too many devices now'));
    } catch (error) {
      const detail = error instanceof Error ? error.message : String(error);
      this.#events.emit({ type: 'storeProblem', device: session.deviceId, detail });
      this.#refuse(session, busy('the agent can not look up this device now'));
    }
  }

  async #check({ deviceId, connection }: Session, token: string): Promise<Refusal | undefined> {
    const { authenticate, connectionsMax } = this.#options;
    if (authenticate === undefined) return undefined;
    if (this.#checks >= connectionsMax) return busy('the agent has too many devices to check now');
    this.#checks += 1;
    try {
      if ((await authenticate({ deviceId, token, peer: connection.peer })) === true) return undefined;
      const reason = 'the device id or the token is wrong; check both on the device';
      return { code: REFUSE_CODE.unauthorised, reason };
    } catch {
      // What went wrong may hold secrets; the device learns only that it should come again.
      return busy('the agent can not check this device now');
    } finally {
      this.#checks -= 1;
    }
  }

  #refuse(session: Session, { code, reason }: Refusal): void {
    // It may have gone while it was looked at.
    if (!this.#strangers.delete(session)) return;
    const { connection, deviceId } = session;
    this.#events.emit({ type: 'refused', device: deviceId, peer: connection.peer, reason });
    connection.refuse(code, reason, code === REFUSE_CODE.overloaded ? this.#options.retryAfterMs : 0);
  }

  #admit(session: Session, device: DeviceEntry): void {
    if (!this.#strangers.delete(session)) return;
    const { connection, number } = session;
    const other = device.connection as Session | undefined;
    // One that took long to be checked can be the older of the two.
    const isOvertaken = other !== undefined && other.number > number;
    if (!isOvertaken) device.connect(session);
    connection.admit();
    if (!isOvertaken) this.#events.emit({ type: 'deviceConnected', device: device.id, peer: connection.peer });
    const older = isOvertaken ? session : other;
    if (older === undefined) return;
    this.#events.emit({ type: 'deviceReplaced', device: device.id, peer: older.connection.peer });
    older.connection.close(CLOSE_CODE.replaced, 'another connection has taken this device id');
  }

  #onEnded(session: Session, detail: string): void {
    this.#sessions.delete(session);
    const { deviceId: device, connection } = session;
    if (this.#strangers.delete(session)) {
      this.#events.emit({ type: 'handshakeFailed', peer: connection.peer, detail });
    } else if (this.#devices.get(device)?.disconnect(session) === true) {
      this.#events.emit({ type: 'deviceDisconnected', device, detail });
    }
  }
}

/** The device is asked to come again later. */
function busy(reason: string): Refusal {
  return { code: REFUSE_CODE.overloaded, reason };
}
