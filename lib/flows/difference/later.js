'use strict';

const { nextTurn } = require('../turn');

/**
 * @import { FlowDifference } from '../../types/node-red'
 * @import { Release } from './differs'
 * @import { Places } from './same'
 * @import { Steps } from './steps'
 */

/** For so long a turn of the event loop is used, in ms: what writes to the disk meanwhile comes back to it time and again. */
const TURN = 2;

/**
 * What is known of the text of flows: which nodes are the same as before, and which may name one of some.
 *
 * @typedef {object} Text
 * @property {() => Promise<Places | undefined>} same
 * @property {(ids: string[]) => Promise<number[] | undefined>} naming gives their places
 */

/**
 * A difference that is found when somebody asks for a part of it, or in turns of the event loop before: Node-RED looks for
 * it before it has flows saved, and asks for it afterwards.
 *
 * @param {(same?: Places) => Steps<FlowDifference>} look for it, which can't fail
 * @param {Pick<Release, 'knowsScopes'>} release
 */
function foundLater(look, { knowsScopes }) {
  /** @type {Steps<FlowDifference> | undefined} */
  let steps;
  /** @type {FlowDifference | undefined} */
  let found;

  /**
   * One step; what it asks for.
   *
   * @param {number[]} [answer] to the last one
   */
  function advance(answer) {
    steps ??= look();
    const { done, value } = steps.next(answer);
    if (!done) {
      return value || undefined;
    }
    if (!value) {
      throw new Error('the look for what a deploy changes has failed before');
    }
    found = value;
    return undefined;
  }

  function whole() {
    while (!found) {
      advance();
    }
    return /** @type {Record<string, unknown>} */ (found);
  }

  const names = ['added', 'changed', 'removed', 'rewired', 'linked'];
  const difference = /** @type {FlowDifference} */ ({});
  for (const name of knowsScopes ? [...names, 'flowChanged', 'globalConfigChanged'] : names) {
    Object.defineProperty(difference, name, {
      enumerable: true,
      configurable: true,
      get: () => whole()[name],
      set: (value) => {
        whole()[name] = value;
      }
    });
  }

  return {
    difference,

    /**
     * Resolves when it has been found.
     *
     * @param {Text} [text] of the flows
     */
    async goOn(text) {
      const same = await text?.same();
      steps ??= look(same);
      let began = performance.now();
      /** @type {number[] | undefined} */
      let answer;
      // Somebody may ask for it meanwhile.
      while (!found) {
        const asked = advance(answer);
        answer = asked && text && (await text.naming(asked.naming));
        if (performance.now() - began > TURN) {
          await nextTurn();
          began = performance.now();
        }
      }
    }
  };
}

module.exports = { foundLater };
