import { expect, it } from 'vitest';
import { CommandError, EXIT_CODE, UsageError } from '../src/command-error.js';

it('carries the exit code: 1 for a failure unless it says otherwise, 2 for a wrong command line', () => {
  const cause = new Error('why');
  expect(new CommandError('what')).toMatchObject({ message: 'what', exitCode: EXIT_CODE.failure });
  expect(new CommandError('what', { exitCode: 130, cause })).toMatchObject({ exitCode: 130, cause });
  expect(new UsageError('what')).toMatchObject({ name: 'UsageError', exitCode: EXIT_CODE.usage });
});
