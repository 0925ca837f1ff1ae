'use strict';

const { keyOf } = require('../flows/key');
const { isSameText } = require('./comparison');

/** @import { FlowNode } from '../types/node-red' */

// Shown in Node-RED's list of missing types, below the real ones.
const HOLD_TYPE = 'node-red-storage-valkey: this revision starts when the types above are installed';
const HOLD_ID = 'valkey-storage-hold';

/**
 * Flows with one more node, of a type that never comes.
 *
 * When the missing types of a changed tab arrive, Node-RED starts by itself,
 * but with the configuration that the tab had before: changed nodes come back
 * old, removed ones come back at all, added ones do not. One type that stays
 * missing keeps it from that, and leaves the start to us. The wires stay those
 * that are running, so that the last step has them to compare with: nodes that
 * are only rewired run on meanwhile, and Node-RED rewires what it sees differ.
 *
 * @param {FlowNode[]} flows
 * @param {Map<string, FlowNode>} running
 * @returns {FlowNode[]}
 */
function hold(flows, running) {
  const held = flows.map((node) => {
    const old = running.get(keyOf(node.id));
    if (!old || isSameText(old.wires, node.wires)) {
      return node;
    }
    const kept = { ...node };
    if (old.wires === undefined) {
      delete kept.wires;
    } else {
      kept.wires = old.wires;
    }
    return kept;
  });
  held.push({ id: HOLD_ID, type: HOLD_TYPE });
  return held;
}

module.exports = { HOLD_TYPE, hold };
