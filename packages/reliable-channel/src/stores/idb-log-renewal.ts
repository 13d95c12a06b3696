// What a store in Chromium needs after a crash. Chromium keeps all databases of a site in one LevelDB, and after a crash it
// goes on writing behind the last record of LevelDB's log, also when the crash has cut that record short. Such a log can be
// read at the next start, and not at the one after it: then the browser takes the log for damaged and deletes everything that
// the site has stored. Deleting a database, even an empty one, makes Chromium begin a new log and drop the old one (seen with
// versions 147 and 150; test/browser/kill.test.ts shows both). Other browsers lose a few milliseconds by it.

/** Lets the browser begin a new log. What can not be done is left, since the store may do without it. */
export async function renewLog(name: string): Promise<void> {
  try {
    // Of its own: a page that stands still in the middle of this keeps it open, and nobody else could delete it.
    const scratch = `${name}/renewal/${Math.random().toString(36).slice(2)}`;
    const opening = indexedDB.open(scratch);
    await settled(opening);
    opening.result.close();
    await settled(indexedDB.deleteDatabase(scratch));
  } catch {
    // Opening the store itself says what is wrong.
  }
}

function settled(request: IDBOpenDBRequest): Promise<void> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve();
    request.onerror = () => reject(request.error);
  });
}
