// A process's own memory as Linux counts it.

import { readFileSync } from 'node:fs';

/**
 * RssAnon of a process, in bytes: heaps and stacks, without files that are mapped into it. The pages of an LMDB file are
 * the kernel's cache; it takes them back when somebody else needs memory.
 *
 * @throws Error when the system does not tell: it is not Linux, or there is no such process
 */
export function rssAnonBytes(pid: number | 'self'): number {
  return parseRssAnon(readFileSync(`/proc/${pid}/status`, 'utf8'));
}

/** RssAnon in the text of /proc/PID/status, in bytes. @throws Error when it is not in there */
export function parseRssAnon(status: string): number {
  const kibibytes = /^RssAnon:\s+(\d+) kB$/m.exec(status)?.[1];
  if (kibibytes === undefined) throw new Error('this system does not tell RssAnon: run this on Linux 4.5 or newer');
  return Number(kibibytes) * 1_024;
}
