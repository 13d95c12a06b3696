// Processor time: unlike the time on a clock it hardly depends on what else the machine does.

/** What this process has used since its start, in user code and in the system for it, all threads, in microseconds. */
export function cpuMicros(): number {
  const { user, system } = process.cpuUsage();
  return user + system;
}
