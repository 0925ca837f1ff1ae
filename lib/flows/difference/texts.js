'use strict';

const { sameTexts } = require('./same');

/**
 * @import { PreparedFlows } from '../../../binding'
 * @import { ParsedFlows } from '../../types/node-red'
 * @import { Text } from './later'
 */

/**
 * The text of flows as the core holds it; `alone`: by the places of their nodes, 1 where it is all that counts of one.
 *
 * @typedef {{ text: PreparedFlows, alone: Uint8Array }} HeldText
 */

/** An id as the text of flows has it, without its quotes. */
const asWritten = (/** @type {string} */ id) => JSON.stringify(id).slice(1, -1);

/** Remembers of which text Node-RED has read flows, for the next look at what differs. */
function createTexts() {
  /** @type {WeakMap<ParsedFlows, HeldText>} */
  const all = new WeakMap();

  /**
   * What the texts of two tell, of which the first may not be known.
   *
   * @param {ParsedFlows} before
   * @param {ParsedFlows} next
   * @param {HeldText} held of the next
   * @returns {Text | undefined}
   */
  return function between(before, next, { text, alone }) {
    all.set(next, { text, alone });
    const known = all.get(before);
    return (
      known && {
        async same() {
          const runs = await text.since(known.text);
          return runs ? sameTexts(runs, known.alone, alone) : undefined;
        },
        async naming(ids) {
          return (await text.entriesWith(ids.map(asWritten))) ?? undefined;
        }
      }
    );
  };
}

module.exports = { createTexts };
