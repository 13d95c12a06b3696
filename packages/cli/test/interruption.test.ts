import { expect, it, vi } from 'vitest';
import { watchInterruption } from '../src/interruption.js';

it.each([
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const)('asks nicely with the first %s and ends with the second signal', (name, code) => {
  const exit = vi.spyOn(process, 'exit').mockImplementation(() => undefined as never);
  const interruption = watchInterruption();
  try {
    expect(interruption.signal.aborted).toBe(false);
    process.emit(name, name);
    expect(interruption.signal.aborted).toBe(true);
    expect(interruption.exitCode).toBe(code);
    expect(exit).not.toHaveBeenCalled();
    process.emit('SIGINT', 'SIGINT');
    expect(exit).toHaveBeenCalledWith(130);
  } finally {
    interruption.release();
    exit.mockRestore();
  }
});

it('gives the signals back', () => {
  const before = process.listenerCount('SIGINT');
  const interruption = watchInterruption();
  expect(process.listenerCount('SIGINT')).toBe(before + 1);
  interruption.release();
  expect(process.listenerCount('SIGINT')).toBe(before);
  expect(process.listenerCount('SIGTERM')).toBe(before);
});
