import { describe, expect, it } from 'vitest';
import { PathRig, PLAIN_PATH, patternBytes } from './rig.js';

const RADIO = { ...PLAIN_PATH, chip: { ...PLAIN_PATH.chip, radioSlotMs: 5, attemptsMax: 20 } };

describe('a device', () => {
  it('has a link that says whose it is, for one segment at a time', () => {
    const link = new PathRig().network.device('press-7').link();
    expect([link.name, link.writeMaxBytes]).toEqual(['simulated path of press-7', 576]);
  });

  it('hides radio loss in both directions, in exchange for time', async () => {
    const rig = new PathRig({ ...RADIO, chip: { ...RADIO.chip, loss: { probability: 0.5 } } });
    const { device, server } = await rig.connect();
    rig.writeAll(device.pipe, patternBytes(20_000));
    rig.writeAll(server.pipe, patternBytes(20_000));
    await rig.runtime.advance(30_000);
    expect([server.bytes(), device.bytes()]).toEqual([patternBytes(20_000), patternBytes(20_000)]);
    expect(rig.count('lost')).toBe(0);
    expect(
      rig.events.some(
        ({ what, stage, direction }) => what === 'retransmitted' && stage === 'chip' && direction === 'up',
      ),
    ).toBe(true);
    expect(
      rig.events.some(
        ({ what, stage, direction }) => what === 'retransmitted' && stage === 'accessPoint' && direction === 'down',
      ),
    ).toBe(true);
  });

  it('has a chip of its own: what one of them holds is not held by another', async () => {
    const rig = new PathRig();
    const [one, two] = [await rig.connect('one'), await rig.connect('two')];
    rig.network.device('one').chip.stick(10_000);
    rig.writeAll(one.device.pipe, patternBytes(20_000));
    rig.writeAll(two.device.pipe, patternBytes(20_000));
    await rig.runtime.advance(5_000);
    expect([rig.network.heldBytes('chip', 'one'), rig.network.heldBytes('chip', 'two')]).toEqual([10 * 576, 0]);
    expect(rig.network.heldBytes('chip')).toBe(10 * 576);
    expect(two.server.bytes()).toEqual(patternBytes(20_000));
    expect(rig.network.heldBytes('chip', 'three')).toBe(0);
  });

  it('shares its chip among its connections', async () => {
    const rig = new PathRig();
    const [one, two] = [await rig.connect(), await rig.connect()];
    rig.network.router.stick(10_000);
    rig.writeAll(one.device.pipe, patternBytes(20_000));
    rig.writeAll(two.device.pipe, patternBytes(20_000));
    await rig.runtime.advance(5_000);
    expect(rig.network.heldBytes('chip')).toBe(10 * 576);
    await rig.runtime.advance(60_000);
    expect([one.server.bytes(), two.server.bytes()]).toEqual([patternBytes(20_000), patternBytes(20_000)]);
    expect(new Set(rig.events.map(({ connection }) => connection))).toEqual(new Set([1, 2]));
  });

  it('has what waits for its radio in the access point', async () => {
    const rig = new PathRig({ ...RADIO, chip: { ...RADIO.chip, bytesPerSecond: 1_000 } });
    const { server } = await rig.connect();
    rig.writeAll(server.pipe, patternBytes(5_000));
    await rig.runtime.advance(100);
    expect(rig.network.heldBytes('accessPoint', 'press-7')).toBe(5_000);
    expect(rig.network.heldBytes('accessPoint')).toBe(5_000);
    expect(rig.network.heldBytes('chip')).toBe(0);
  });

  it('does not acknowledge over the radio while its chip is cut off', async () => {
    const rig = new PathRig(RADIO);
    const { server } = await rig.connect();
    await rig.runtime.advance(100);
    rig.events.length = 0;
    rig.network.device('press-7').chip.partition(1_000);
    server.pipe.write(patternBytes(10), () => {});
    await rig.runtime.advance(250);
    expect([rig.count('retransmitted', 'accessPoint'), rig.count('lost', 'accessPoint')]).toEqual([19, 1]);
    expect(rig.count('entered', 'chip')).toBe(0);
  });

  it('fails a dial that is under way when its chip loses power', async () => {
    const rig = new PathRig();
    const dialing = rig.dial();
    rig.network.device('press-7').chip.powerOff(100);
    await rig.runtime.advance(0);
    expect(dialing.error).toMatchObject({ reason: 1 });
  });
});
