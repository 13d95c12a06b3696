import { describe, expect, it } from 'vitest';
import { CreditShare } from '../../src/core/index.js';

function update(credit: CreditShare, freeMessages: number, devices = 1, isOverloaded = false): [boolean, number] {
  return [credit.update({ freeMessages, devices, isOverloaded }), credit.messages];
}

describe('a share of credit', () => {
  it('is all that there may be while there is room for everybody', () => {
    const credit = new CreditShare(1_024);
    expect(update(credit, 10_000)).toEqual([false, 1_024]);
    expect(update(credit, 10_000, 9)).toEqual([false, 1_024]);
    expect(update(credit, 10_000, 0)).toEqual([false, 1_024]);
  });

  it('is halved until everybody has room, and never below one', () => {
    const credit = new CreditShare(1_000);
    expect(update(credit, 10_000, 11)).toEqual([true, 500]);
    expect(update(credit, 10_000, 79)).toEqual([true, 125]);
    expect(update(credit, 10_000, 1_000_000)).toEqual([true, 1]);
    expect(update(credit, 0)).toEqual([false, 1]);
  });

  it('rises when there is room to spare, and does not follow every message', () => {
    const credit = new CreditShare(1_024);
    update(credit, 600);
    expect(credit.messages).toBe(512);
    let changes = 0;
    for (let n = 0; n < 1_000; n++)
      if (credit.update({ freeMessages: 1_000 + (n % 50), devices: 1, isOverloaded: false })) changes += 1;
    expect([changes, credit.messages]).toEqual([0, 512]);
    expect(update(credit, 1_536)).toEqual([true, 1_024]);
    expect(update(credit, 1_025)).toEqual([false, 1_024]);
  });

  it('is nothing during an overload, and the fair share right after it', () => {
    const credit = new CreditShare(1_024);
    expect(update(credit, 0, 4, true)).toEqual([true, 0]);
    expect(update(credit, 5_000, 4, true)).toEqual([false, 0]);
    expect(update(credit, 5_000, 10)).toEqual([true, 256]);
  });

  it('sums up to the room at most, whatever comes', () => {
    const credit = new CreditShare(1_024);
    for (let step = 0; step < 5_000; step++) {
      const devices = 1 + ((step * 7) % 90);
      const freeMessages = (step * 613) % 10_001;
      update(credit, freeMessages, devices);
      if (credit.messages > 1) expect(credit.messages * devices).toBeLessThanOrEqual(freeMessages);
    }
  });
});
