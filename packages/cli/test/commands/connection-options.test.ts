import { Command } from 'commander';
import { describe, expect, it } from 'vitest';
import { UsageError } from '../../src/command-error.js';
import {
  addAddressOptions,
  addSecurityOptions,
  type ConnectionOptions,
  checkUsage,
  transportOf,
} from '../../src/commands/connection-options.js';

/** The options behind a command line. */
function parse(...args: string[]): ConnectionOptions {
  const command = addSecurityOptions(addAddressOptions(new Command('device')));
  return command.parse(args, { from: 'user' }).opts();
}

describe('the options of a connection', () => {
  it('lead to this machine unless they say otherwise', () => {
    expect(parse()).toMatchObject({ host: '127.0.0.1', port: 7_400, device: expect.any(String) });
    expect(transportOf(parse('--device', 'press-7'))).toMatchObject({
      deviceId: 'press-7',
      link: { name: expect.stringContaining('127.0.0.1:7400') },
    });
  });

  it('carry the token', () => {
    expect(transportOf(parse('--token', 'secret')).token).toBe('secret');
  });

  it.each([
    [['--port', '0'], /--port/],
    [['--host', 'example.org'], /is not this machine/],
    [['--tls', '--plaintext'], /together/],
    [['--tls-cert', 'cert.pem'], /--tls-key/],
  ])('refuse %j', (args, message) => {
    const refused = () => transportOf(parse(...args));
    expect(refused).toThrow(UsageError);
    expect(refused).toThrow(message);
  });

  it.each([['--tls'], ['--plaintext']])('let another machine be reached with %s', (option) => {
    expect(transportOf(parse('--host', 'example.org', option)).link.name).toContain('example.org');
  });
});

it('what a check of the library finds wrong was wrong on the command line', () => {
  const broken = () => {
    throw new RangeError('too large');
  };
  expect(() => checkUsage(broken)).toThrow(UsageError);
  expect(() => checkUsage(broken)).toThrow('too large');
  expect(checkUsage(() => 7)).toBe(7);
});
