import { pino } from 'pino';
import { describe, expect, it } from 'vitest';
import { type Logger, toLogger } from '../src/index.js';

/** A logger of pino, and what it has written. */
function pinoRig(level = 'debug') {
  const lines: Record<string, unknown>[] = [];
  const stream = { write: (line: string) => void lines.push(JSON.parse(line)) };
  return { lines, logger: pino({ level, base: null, timestamp: false }, stream) };
}

describe('a logger', () => {
  it('of pino gets details first, and an error where it looks for one', () => {
    const { lines, logger } = pinoRig();
    const log = toLogger(logger);
    log.debug('a', { lane: 'x' });
    log.info('b');
    log.warn('c %s', { first: 1 });
    log.error('d', { name: 'n', error: new TypeError('odd') });
    expect(lines).toEqual([
      { level: 20, lane: 'x', msg: 'a' },
      { level: 30, msg: 'b' },
      { level: 40, first: 1, msg: 'c %s' },
      { level: 50, name: 'n', err: expect.objectContaining({ type: 'TypeError', message: 'odd' }), msg: 'd' },
    ]);
  });

  it('of pino keeps its level and its bindings', () => {
    const { lines, logger } = pinoRig('warn');
    const log = toLogger(logger.child({ device: 'press-7' }));
    log.info('a');
    log.warn('b');
    expect(lines).toEqual([{ level: 40, device: 'press-7', msg: 'b' }]);
  });

  it('like console gets the message first, as a method', () => {
    expect(toLogger(console)).toBe(console);
    class Lines implements Logger {
      readonly lines: unknown[] = [];
      debug = (...line: unknown[]) => void this.lines.push(['debug', ...line]);
      info(...line: unknown[]) {
        this.lines.push(['info', ...line]);
      }
      warn = this.info;
      error = this.info;
    }
    const lines = new Lines();
    toLogger(lines).info('a', { lane: 'x' });
    expect(lines.lines).toEqual([['info', 'a', { lane: 'x' }]]);
  });

  it.each([[undefined], [null], ['console'], [{ info: () => {} }]])('can not be %j', (given) => {
    expect(() => toLogger(given as unknown as Logger)).toThrow(TypeError);
  });
});
