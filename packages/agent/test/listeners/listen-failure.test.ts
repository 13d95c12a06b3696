// A port that is in use is in tcp.test.ts and websocket.test.ts, with a real one.

import { expect, test } from 'vitest';
import { listenFailure } from '../../src/listeners/listen-failure.js';

test.each([
  ['EACCES', 'can not listen on 0.0.0.0:80: this user may not use that port; choose one above 1023'],
  ['EWHATEVER', 'can not listen on 0.0.0.0:80: something'],
])('%s', (code, message) => {
  const cause = Object.assign(new Error('something'), { code });
  expect(listenFailure(cause, '0.0.0.0:80')).toMatchObject({ code: 'LISTEN_FAILED', message, cause });
});
