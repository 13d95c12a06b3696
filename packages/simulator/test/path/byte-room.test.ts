import { expect, it } from 'vitest';
import { ByteRoom } from '../../src/path/byte-room.js';

it('takes up to its capacity and not a byte more', () => {
  const room = new ByteRoom(10);
  expect([room.tryTake(10), room.tryTake(1), room.tryTake(0), room.usedBytes]).toEqual([true, false, true, 10]);
  room.release(4);
  expect([room.tryTake(5), room.tryTake(4), room.usedBytes]).toEqual([false, true, 10]);
});

it('wakes those who wait once, in order, and lets them wait again', () => {
  const room = new ByteRoom(10);
  const woken: string[] = [];
  const again = (): void => {
    woken.push('again');
    room.wait(again);
  };
  room.tryTake(10);
  room.wait(again);
  room.wait(() => woken.push('once'));
  room.release(0);
  expect(woken).toEqual([]);
  room.release(1);
  room.release(1);
  expect(woken).toEqual(['again', 'once', 'again']);
});

it('notices room that is given back twice', () => {
  const room = new ByteRoom(10);
  room.tryTake(1);
  expect(() => room.release(2)).toThrow('given back');
});
