// The devices that an agent knows of at the moment. One device has one entry, however many of its connections say hello
// at the same time: two entries would be two memories of what was handled.

import type { DeviceEntry } from './device-entry.js';

/** Devices by id. */
export class DeviceTable {
  readonly #devicesMax: number;
  readonly #open: (id: string) => Promise<DeviceEntry>;
  readonly #devices = new Map<string, DeviceEntry>();
  /** Devices that are being read from the inbox. */
  readonly #opening = new Map<string, Promise<void>>();

  /** @param open - makes the entry of a device from what the inbox knows of it */
  constructor(devicesMax: number, open: (id: string) => Promise<DeviceEntry>) {
    this.#devicesMax = devicesMax;
    this.#open = open;
  }

  /**
   * Hands the entry of a device to `take`, at once or when it has been read. It can be forgotten again as soon as `take`
   * returns, unless it is connected by then. Resolves with false when there are too many devices; rejects when the inbox
   * can not be read.
   */
  async use(id: string, take: (device: DeviceEntry) => void): Promise<boolean> {
    for (;;) {
      const device = this.#devices.get(id);
      if (device !== undefined) {
        take(device);
        return true;
      }
      const opening = this.#opening.get(id) ?? this.#begin(id);
      if (opening === undefined) return false;
      await opening;
    }
  }

  /** Every device. */
  [Symbol.iterator](): Iterator<DeviceEntry> {
    return this.#devices.values();
  }

  get(id: string): DeviceEntry | undefined {
    return this.#devices.get(id);
  }

  /** Devices in memory, those being read included. Never above `devicesMax`. */
  get count(): number {
    return this.#devices.size + this.#opening.size;
  }

  /** Whether every device is away, with everything it sent handled and recorded. */
  get isAtRest(): boolean {
    if (this.#opening.size > 0) return false;
    for (const device of this.#devices.values()) if (!device.isAtRest) return false;
    return true;
  }

  #begin(id: string): Promise<void> | undefined {
    if (this.count >= this.#devicesMax) this.#forgetThoseAtRest();
    if (this.count >= this.#devicesMax) return undefined;
    const opening = this.#open(id)
      .then((device) => void this.#devices.set(id, device))
      .finally(() => this.#opening.delete(id));
    this.#opening.set(id, opening);
    return opening;
  }

  #forgetThoseAtRest(): void {
    for (const [id, device] of this.#devices) {
      if (!device.isAtRest) continue;
      this.#devices.delete(id);
      void device.close();
    }
  }
}
