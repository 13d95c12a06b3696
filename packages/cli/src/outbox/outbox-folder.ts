// Opens the outbox in a folder for one of the `holdfast outbox` commands, and lets it go again however that ends.

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { openStoredOutbox, type StoredOutbox } from '@holdfast/reliable-channel';
import { lmdbStore } from '@holdfast/reliable-channel/lmdb';
import { CommandError } from '../command-error.js';
import { counted } from '../terminal.js';

/** Which outbox is meant. */
export interface OutboxFolder {
  readonly outbox: string;
  /** The device towards which an agent keeps it; `undefined`: it is that of a device. */
  readonly device?: string;
}

/**
 * Opens the outbox, runs `work` on it and closes it.
 *
 * @param say - told, a line at a time, what is wrong with the outbox and does not keep it from being used
 * @throws CommandError when there is none; HoldfastError `STORE_LOCKED` and others when it can not be opened
 */
export async function useOutbox<T>(
  { outbox: folder, device }: OutboxFolder,
  say: (line: string) => void,
  work: (outbox: StoredOutbox) => Promise<T>,
): Promise<T> {
  // The store would make the folder, and nobody wants a new outbox here.
  if (!existsSync(join(folder, 'data.mdb'))) {
    throw new CommandError(`there is no outbox in ${folder}; name its folder with --outbox`);
  }
  const outbox = await openStoredOutbox({ store: lmdbStore(folder), ...(device !== undefined && { device }) });
  try {
    return await work(outbox);
  } finally {
    await outbox.close();
    const { quarantinedRecords } = outbox;
    if (quarantinedRecords > 0)
      say(`set aside as unreadable: ${counted(quarantinedRecords, 'record')}; check the disk`);
  }
}
