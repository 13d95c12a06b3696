import { describe, expect, test } from 'vitest';
import { CONNECT_REASON, LinkError } from '../src/index.js';

describe('LinkError', () => {
  test('carries the reason for the program, a line for people, and the cause', () => {
    const cause = new Error('ENOTFOUND');
    const error = new LinkError(CONNECT_REASON.notResolved, 'the name does not resolve', { cause });
    expect(error).toBeInstanceOf(Error);
    expect(error).toMatchObject({ name: 'LinkError', reason: 3, message: 'the name does not resolve', cause });
  });
});
