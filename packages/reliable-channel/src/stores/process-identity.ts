// Who owns a store. A process id alone is not enough: after a crash and a reboot another program may have it. Where the
// system tells when a process was started (Linux), that decides; elsewhere the id alone does.

import { readFileSync } from 'node:fs';

/** One process, as it can be recognised by another one. */
export interface ProcessIdentity {
  readonly pid: number;
  /** When it was started: the boot and the time in it. `undefined` where the system does not tell. */
  readonly startedAt?: string;
}

/** This process. */
export function thisProcess(): ProcessIdentity {
  const startedAt = startOf(process.pid);
  return typeof startedAt === 'string' ? { pid: process.pid, startedAt } : { pid: process.pid };
}

/**
 * Whether the process still runs. Two machines or containers that share a folder can not see one another's processes and
 * must not share a store.
 */
export function isAlive(identity: ProcessIdentity): boolean {
  try {
    process.kill(identity.pid, 0);
  } catch (error) {
    // No permission to signal it means that it is there.
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return false;
  }
  const startedAt = startOf(identity.pid);
  if (startedAt === 'ended') return false;
  return startedAt === undefined || identity.startedAt === undefined || startedAt === identity.startedAt;
}

/** When a process was started; `ended`: it has, and only waits for its parent to notice; `undefined`: nobody knows. */
function startOf(pid: number): string | undefined {
  try {
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // Field 3 is the state, field 22 the start time, in ticks since the machine was started; a device that starts the
    // same programs at every boot may well have the same numbers again, so the boot belongs to it. The name in field 2
    // may hold spaces and brackets, so counting begins behind it (man 5 proc_pid_stat).
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return fields[0] === 'Z' || fields[0] === 'X' ? 'ended' : `${boot}/${fields[19]}`;
  } catch {
    return undefined;
  }
}
