'use strict';

const { keyOf } = require('../flows/key');
const { isSameText } = require('./comparison');

/** @import { Standing } from './standing' */

/**
 * While an update waits, or has been taken over and not started: the tabs of which something stands still. The others run
 * on as they were.
 *
 * @param {Readonly<Standing>} standing
 * @returns {Set<string>} ids
 */
function touchedTabs({ handed, running, held }) {
  /** @type {Set<string>} */
  const touched = new Set();
  for (const [id, node] of handed.nodes) {
    const before = running.nodes.get(id);
    if (!before || !isSameText(before, node) || held?.stopped.has(id)) {
      touched.add(node.type === 'tab' ? id : keyOf(node.z));
    }
  }
  for (const [id, node] of running.nodes) {
    if (!handed.nodes.has(id)) {
      touched.add(node.type === 'tab' ? id : keyOf(node.z));
    }
  }
  return touched;
}

module.exports = { touchedTabs };
