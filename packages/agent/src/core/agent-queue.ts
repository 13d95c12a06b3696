// The agent's queue of plain messages: bounded, in order for each device. What finds it full, or finds the agent
// restarting, is dropped and counted, although the server has acknowledged it: as on the real platform
// (developer.electricimp.com: an overloaded or restarting agent may drop data that the server has received).
// One device gets a share only, so that it can not keep the others out.

/**
 * Why a plain message never reached a handler, or was in vain: `rejected` and `retryLater` are what its handler said, which
 * nobody hears; data that a schema refuses is rejected, too.
 */
export type DropReason = 'overloaded' | 'restarting' | 'noHandler' | 'handlerFailed' | 'rejected' | 'retryLater';

/** The bounds of the agent's queue. */
export interface AgentQueueOptions {
  /** Messages of all devices. */
  readonly agentQueueMaxMessages: number;
  /** Bytes of their data as it came, of all devices. */
  readonly agentQueueMaxBytes: number;
  readonly deviceQueueMaxMessages: number;
  readonly deviceQueueMaxBytes: number;
}

interface Waiting<Message> {
  readonly message: Message;
  readonly bytes: number;
  readonly sinceMs: number;
}

/** What a message takes in the queue. */
export interface OfferedSize {
  /** Of its data. */
  readonly bytes: number;
  /** What else the agent holds and must fit the same bound. */
  readonly otherCount: number;
}

/** The messages of one device; it has an entry while one of them waits or is with the handler. */
interface DeviceQueue<Message> {
  readonly waiting: Waiting<Message>[];
  bytes: number;
}

/** Messages that wait for a handler, by device. */
export class AgentQueue<Message> {
  readonly #options: AgentQueueOptions;
  readonly #devices = new Map<string, DeviceQueue<Message>>();
  #count = 0;
  #bytes = 0;

  constructor(options: AgentQueueOptions) {
    this.#options = options;
  }

  /** Messages that wait, of all devices. */
  get count(): number {
    return this.#count;
  }

  /** Bytes of their data. */
  get bytes(): number {
    return this.#bytes;
  }

  /** When the one came that has waited longest; `undefined`: none waits. */
  get waitingSinceMs(): number | undefined {
    let since: number | undefined;
    for (const { waiting } of this.#devices.values()) {
      const first = waiting[0]?.sinceMs;
      if (first !== undefined) since = Math.min(since ?? first, first);
    }
    return since;
  }

  /** Puts a message behind its device's others. */
  offer(device: string, message: Message, size: OfferedSize, nowMs: number): 'taken' | 'takenFirst' | 'full' {
    const queue = this.#devices.get(device);
    if (this.#isFull(queue, size)) return 'full';
    const { bytes } = size;
    this.#count += 1;
    this.#bytes += bytes;
    if (queue === undefined) {
      this.#devices.set(device, { waiting: [{ message, bytes, sinceMs: nowMs }], bytes });
      return 'takenFirst';
    }
    queue.waiting.push({ message, bytes, sinceMs: nowMs });
    queue.bytes += bytes;
    return 'taken';
  }

  /** The next message of a device; `undefined`: it has none, and its next one will be `takenFirst` again. */
  take(device: string): Message | undefined {
    const queue = this.#devices.get(device);
    const next = queue?.waiting.shift();
    if (queue === undefined || next === undefined) {
      this.#devices.delete(device);
      return undefined;
    }
    queue.bytes -= next.bytes;
    this.#bytes -= next.bytes;
    this.#count -= 1;
    return next.message;
  }

  /** Drops everything that waits; returns how much that was. */
  clear(): number {
    const dropped = this.#count;
    for (const queue of this.#devices.values()) {
      queue.waiting.length = 0;
      queue.bytes = 0;
    }
    this.#count = 0;
    this.#bytes = 0;
    return dropped;
  }

  #isFull(queue: DeviceQueue<Message> | undefined, size: OfferedSize): boolean {
    const { agentQueueMaxMessages, agentQueueMaxBytes, deviceQueueMaxMessages, deviceQueueMaxBytes } = this.#options;
    if (this.#count + size.otherCount >= agentQueueMaxMessages || this.#bytes + size.bytes > agentQueueMaxBytes)
      return true;
    if (queue === undefined) return false;
    return queue.waiting.length >= deviceQueueMaxMessages || queue.bytes + size.bytes > deviceQueueMaxBytes;
  }
}
