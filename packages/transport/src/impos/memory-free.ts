// How much memory the JavaScript engine could still hand out: V8 says it, browsers do not.

/** Bytes that are free, as far as the engine says; else as many as an integer of impOS can say. */
export function freeMemoryBytes(): number {
  const v8 = globalThis.process?.getBuiltinModule?.('node:v8');
  return v8?.getHeapStatistics().total_available_size ?? 0x7fff_ffff;
}
