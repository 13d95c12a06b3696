// Hosts a program as an impOS device does: starts it, lets it stand still and resume, and starts it again from its top.
//
//   state      program   left when
//   booting    none      connected: it starts; or the first minute is over: it starts without a connection
//   running    runs, or stands still while the transport recovers
//   sleeping   none      its time is over, none for a restart: it starts, or waits while a connection is looked for
//   waiting    none      connected: it starts; or the minute is over: the device snoozes
//   snoozing   none      connected: it starts with wake reason 7
//   stopped    none

import { callUserCode, Listeners, type Runtime, type TimerHandle } from '@holdfast/protocol';
import type { TransportOptions } from '../options.js';
import { createTransport, type Transport } from '../transport.js';
import type { TransportEvent } from '../transport-events.js';
import {
  SHUTDOWN_NEWFIRMWARE,
  SHUTDOWN_NEWSQUIRREL,
  type ShutdownReason,
  WAKEREASON_NEW_FIRMWARE,
  WAKEREASON_NEW_SQUIRREL,
  WAKEREASON_POWER_ON,
  WAKEREASON_SNOOZE,
  WAKEREASON_SQUIRREL_ERROR,
  WAKEREASON_SW_RESET,
  WAKEREASON_SW_RESTART,
  WAKEREASON_TIMER,
  type WakeReason,
} from './constants.js';
import type { DeviceEvent } from './device-events.js';
import { Imp } from './imp.js';
import { ImpAgent } from './imp-agent.js';
import { freeMemoryBytes } from './memory-free.js';
import { Nv } from './nv.js';
import { type LifeEnd, ProgramLife } from './program-life.js';
import { ImpServer } from './server.js';

/** A program that failed starts again after this wait, in milliseconds, so that one that fails at once does no harm. */
export const RESTART_AFTER_ERROR_MS = 1_000;
/** How long `server.sleepfor` lets the last data leave, in seconds. */
const SLEEP_FLUSH_SECONDS = 30;

/** What a program is given: impOS's globals. */
export interface ImpDevice {
  readonly imp: Imp;
  readonly server: ImpServer;
  readonly agent: ImpAgent;
  readonly hardware: {
    /** Why the program starts: a `WAKEREASON_` constant. */
    wakereason(): WakeReason;
  };
  /** Survives restarts, sleep and snooze; what can be sent, up to 4096 bytes, can be kept. */
  readonly nv: Record<string, unknown>;
}

/** A program for a device. It runs from its top each time that it starts. */
export type DeviceProgram = (device: ImpDevice) => void | Promise<void>;

/** The options of `runDevice`. */
export interface DeviceOptions extends TransportOptions {
  /** Where `server.log` writes. @default console.log */
  readonly log?: (line: string) => void;
  /** What `imp.getmemoryfree` answers, in bytes. @default what the JavaScript engine says, where it does */
  readonly memoryFreeBytes?: () => number;
}

interface RunningLife {
  readonly life: ProgramLife;
  readonly imp: Imp;
}

/** A hosted device. Made by `runDevice`. */
export class DeviceRun {
  /** The device's connection, for looking at it: the program has its own way to it. */
  readonly transport: Transport;
  readonly #runtime: Runtime;
  readonly #log: (line: string) => void;
  readonly #memoryFreeBytes: () => number;
  readonly #nv = new Nv();
  readonly #observers = new Listeners<DeviceEvent>();
  #program: DeviceProgram;
  #state: 'booting' | 'running' | 'sleeping' | 'waiting' | 'snoozing' | 'stopped' = 'stopped';
  /** Why the program starts when there is a connection. */
  #startReason: WakeReason = WAKEREASON_POWER_ON;
  #running: RunningLife | undefined;
  /** The device looks for a connection that was lost or needed. */
  #isSuspended = false;
  /** Ends a sleep. */
  #startTimer: TimerHandle | undefined;
  /** What follows when the program, asked to end, calls `server.restart`. */
  #shutdown: ShutdownReason | undefined;

  constructor(program: DeviceProgram, options: DeviceOptions) {
    this.#program = program;
    this.transport = createTransport(options);
    this.#runtime = this.transport.runtime;
    this.#log = options.log ?? ((line) => console.log(line));
    this.#memoryFreeBytes = options.memoryFreeBytes ?? freeMemoryBytes;
    this.transport.observe((event) => this.#onTransportEvent(event));
    this.#boot(WAKEREASON_POWER_ON);
  }

  /** Watches what becomes of the program. Returns the function that ends the watching. */
  observe(observer: (event: DeviceEvent) => void): () => void {
    return this.#observers.add(observer);
  }

  /** Asks the program to end for a new one, which starts with wake reason 4. It may take its time: `server.onshutdown`. */
  update(program: DeviceProgram): void {
    this.#program = program;
    this.requestShutdown(SHUTDOWN_NEWSQUIRREL);
  }

  /** Asks the program to end and start again. Without an `onshutdown` callback it does so at once. */
  requestShutdown(reason: ShutdownReason): void {
    const life = this.#running?.life;
    if (life === undefined) return;
    this.#shutdown = reason;
    const { onShutdown } = life;
    if (onShutdown === undefined) void life.end({ type: 'restart' });
    else life.run(() => onShutdown(reason));
  }

  /** Ends the program and the connection for good, once what was sent has left or a second has passed. */
  async stop(): Promise<void> {
    this.#endLife();
    this.#state = 'stopped';
    this.#clearStartTimer();
    await this.transport.disconnect();
    this.transport.powerOff();
  }

  /** A cold start: a device looks for a connection first, for a minute. */
  #boot(reason: WakeReason): void {
    this.#state = 'booting';
    this.#startReason = reason;
    void this.transport.connect();
  }

  #start(wakeReason: WakeReason): void {
    this.#state = 'running';
    // What an earlier life was asked for and did not do is no reason for a later restart.
    this.#shutdown = undefined;
    const life = new ProgramLife(
      {
        runtime: this.#runtime,
        transport: this.transport,
        log: this.#log,
        memoryFreeBytes: this.#memoryFreeBytes,
        ended: (end) => this.#onEnded(end),
        failed: (error) => this.#onFailed(error),
      },
      wakeReason,
      this.#nv.open(),
    );
    const imp = new Imp(life);
    this.#running = { life, imp };
    const device: ImpDevice = {
      imp,
      server: new ImpServer(life),
      agent: new ImpAgent(life),
      hardware: { wakereason: () => wakeReason },
      nv: life.nv,
    };
    this.#observers.emit({ type: 'started', wakeReason });
    life.gate.guard(() => this.#program(device));
  }

  /** In a turn of its own: the program that ended is still on the stack. */
  #startSoon(wakeReason: WakeReason, delayMs = 0): void {
    this.#state = 'sleeping';
    this.#clearStartTimer();
    this.#startTimer = this.#runtime.setTimer(delayMs, () => {
      this.#startTimer = undefined;
      if (this.#state !== 'sleeping') return;
      this.#startReason = wakeReason;
      // Nothing runs while a connection is looked for, and no new life either.
      if (this.#isSuspended) this.#state = 'waiting';
      else this.#start(wakeReason);
    });
  }

  #clearStartTimer(): void {
    if (this.#startTimer !== undefined) this.#runtime.clearTimer(this.#startTimer);
    this.#startTimer = undefined;
  }

  #endLife(): void {
    const running = this.#running;
    if (running === undefined) return;
    this.#running = undefined;
    running.life.gate.end();
    running.imp.clear();
    for (const entry of this.#nv.keep(running.life.nv)) this.#observers.emit({ type: 'nvEntryLost', ...entry });
  }

  #onTransportEvent(event: TransportEvent): void {
    switch (event.type) {
      case 'suspended':
        this.#isSuspended = true;
        this.#running?.life.gate.suspend();
        if (this.#running !== undefined) this.#observers.emit({ type: 'suspended' });
        return;
      case 'resumed':
        this.#isSuspended = false;
        this.#onResumed();
        return;
      case 'snoozed':
        this.#onSnoozed();
        return;
      case 'messageDropped':
        this.#log(`ERROR: no handler for device.send('${event.name}')`);
        return;
      default:
        return;
    }
  }

  #onResumed(): void {
    if (this.#state === 'booting' || this.#state === 'waiting') this.#start(this.#startReason);
    else if (this.#state === 'snoozing') this.#start(WAKEREASON_SNOOZE);
    else if (this.#running !== undefined) {
      this.#observers.emit({ type: 'resumed' });
      this.#running.life.gate.resume();
    }
  }

  #onSnoozed(): void {
    if (this.#state === 'booting') {
      // Nobody is there. The program may have something to do without.
      this.#startSoon(this.#startReason);
      this.transport.powerOff();
      return;
    }
    this.#endLife();
    this.#state = 'snoozing';
    this.transport.restartProgram({ fromPowerOff: true });
    this.#observers.emit({ type: 'snoozed' });
  }

  #onEnded(end: LifeEnd): void {
    this.#endLife();
    switch (end.type) {
      case 'restart':
        this.#restart();
        return;
      case 'reset':
        this.transport.powerOff();
        this.#boot(WAKEREASON_SW_RESET);
        return;
      case 'sleep':
        void this.#sleep(end.ms, end.flushes);
        return;
    }
  }

  #restart(): void {
    const reason = this.#shutdown;
    this.#shutdown = undefined;
    if (reason === SHUTDOWN_NEWFIRMWARE) {
      this.transport.powerOff();
      this.#boot(WAKEREASON_NEW_FIRMWARE);
      return;
    }
    this.transport.restartProgram();
    this.#startSoon(reason === SHUTDOWN_NEWSQUIRREL ? WAKEREASON_NEW_SQUIRREL : WAKEREASON_SW_RESTART);
  }

  async #sleep(ms: number, flushes: boolean): Promise<void> {
    this.#state = 'sleeping';
    if (flushes) {
      await this.transport.flush(SLEEP_FLUSH_SECONDS);
      await this.transport.disconnect();
    }
    if (this.#state !== 'sleeping') return;
    this.transport.powerOff();
    this.#observers.emit({ type: 'slept', ms });
    this.#startSoon(WAKEREASON_TIMER, ms);
  }

  #onFailed(error: unknown): void {
    this.#endLife();
    const detail = error instanceof Error ? error.message : String(error);
    callUserCode(() => this.#log(`ERROR: the program failed: ${detail}`));
    this.#observers.emit({ type: 'programFailed', error });
    this.transport.restartProgram();
    this.#startSoon(WAKEREASON_SQUIRREL_ERROR, RESTART_AFTER_ERROR_MS);
  }
}

/**
 * Runs a program as a device does: under impOS's names, standing still while a connection is looked for, started again after
 * snooze, sleep and restarts. It begins by looking for a connection, for a minute at most.
 *
 * @throws TypeError or RangeError that names a wrong option
 */
export function runDevice(program: DeviceProgram, options: DeviceOptions): DeviceRun {
  return new DeviceRun(program, options);
}
