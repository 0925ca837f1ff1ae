'use strict';

const { MOST_BYTES, shortText } = require('./message');

/** @import { Statuses } from '../../types/node-red' */

/** What is told of one node at once takes at most so many characters. */
const MOST_STATUS = 200;
/** Nodes that wait to be told; more than a flow has whose statuses anybody reads. */
const MOST_NODES = 20_000;

/**
 * A node's status as it is published: null when it has none.
 *
 * @typedef {{ text?: string, fill?: string, shape?: string } | null} Status
 */

/**
 * Statuses that wait to be told. Only the last of a node counts, so none has to be left out.
 *
 * @param {{ worker: () => { id: string, name: string }, redact(text: string): string }} params
 */
function createStatusQueue({ worker, redact }) {
  /** @type {Map<string, Status>} */
  const waiting = new Map();
  let isFirst = false;

  /**
   * @param {string} id
   * @param {unknown} value
   */
  const add = (id, value) => {
    if (waiting.size < MOST_NODES || waiting.has(id)) {
      waiting.set(id, /** @type {Status} */ (value));
    }
  };

  /** @param {unknown} value */
  const short = (value) => {
    if (typeof value !== 'object' || value === null) {
      return null;
    }
    const { text, fill, shape } = /** @type {Record<string, unknown>} */ (value);
    const words = shortText(text, MOST_STATUS);
    if (!words && !fill && !shape) {
      return null;
    }
    return {
      text: words === undefined ? undefined : redact(words),
      fill: shortText(fill, 20),
      shape: shortText(shape, 20)
    };
  };

  return {
    add,

    /**
     * Everything from the beginning, for somebody who has begun to look.
     *
     * @param {Statuses} all
     */
    begin(all) {
      waiting.clear();
      isFirst = true;
      for (const [id, status] of Object.entries(all)) {
        add(id, status);
      }
    },

    /** Whether there is anything to tell. */
    isWaiting: () => isFirst || waiting.size > 0,

    /** As many of them as fit into one message. */
    next() {
      const entries = [];
      let bytes = 600;
      for (const [id, status] of waiting) {
        const entry = [id.slice(0, MOST_STATUS), short(status)];
        bytes += Buffer.byteLength(JSON.stringify(entry)) + 1;
        if (bytes > MOST_BYTES) {
          break;
        }
        waiting.delete(id);
        entries.push(entry);
      }
      const data = { first: isFirst || undefined, statuses: entries };
      isFirst = false;
      return JSON.stringify({ ...worker(), kind: 'status', data });
    },

    clear() {
      waiting.clear();
      isFirst = false;
    }
  };
}

module.exports = { createStatusQueue };
