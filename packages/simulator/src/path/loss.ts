// Loss on a line: each segment alone, or in bursts by the model of Gilbert and Elliott, which is in a good or a bad state.

import type { RandomUint32 } from '@holdfast/protocol';
import { randomFraction } from './derived-random.js';
import type { LossParameters } from './parameters.js';

/** Says of one transmission after the other whether it is lost. */
export class LossModel {
  readonly #parameters: LossParameters;
  readonly #random: RandomUint32;
  #isBad = false;

  constructor(parameters: LossParameters, random: RandomUint32) {
    this.#parameters = parameters;
    this.#random = random;
  }

  /** Whether the next transmission is lost. A line without loss draws nothing. */
  isLost(): boolean {
    const { burst, probability } = this.#parameters;
    if (burst !== undefined) {
      const turns = randomFraction(this.#random) < (this.#isBad ? burst.endProbability : burst.beginProbability);
      if (turns) this.#isBad = !this.#isBad;
    } else if (probability === 0) {
      return false;
    }
    const lossProbability = this.#isBad && burst !== undefined ? burst.probability : probability;
    return randomFraction(this.#random) < lossProbability;
  }
}
