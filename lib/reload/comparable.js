'use strict';

const { keyOf } = require('../flows/key');
const { INSTANCE, isOrdinary } = require('../flows/oddity');
const { isInEditor } = require('../flows/structure');

/**
 * @import { FlowNode, Nodes } from '../types/node-red'
 * @import { Difference } from './comparison'
 */

/**
 * Whether an instance of a subflow failed to start, e.g. since an input of the subflow is wired to a
 * node that is not there. Node-RED takes it for one that runs: mended, it starts with no less than
 * all flows.
 *
 * @param {FlowNode[]} flows those that run
 * @param {Nodes['getNode']} getNode
 */
function hasStuckInstance(flows, getNode) {
  const subflows = new Set(flows.filter(({ type }) => type === 'subflow').map(({ id }) => keyOf(id)));
  return flows.some((node) => {
    if (!INSTANCE.test(node.type) || subflows.has(keyOf(node.z))) {
      return false;
    }
    try {
      const found = /** @type {{ type?: unknown } | null | undefined} */ (getNode(keyOf(node.id)));
      return Boolean(found) && found?.type !== node.type;
    } catch {
      // It looks into the instances that it takes for running.
      return true;
    }
  });
}

/**
 * Whether Node-RED is sure to find what differs between the flows that it has and others, and to start
 * that: neither are odd, and all that it takes for running runs.
 *
 * @param {FlowNode[]} flows those that it has
 * @param {FlowNode[]} wanted
 * @param {Nodes['getNode']} getNode
 */
function isComparable(flows, wanted, getNode) {
  return isOrdinary(flows) && isOrdinary(wanted) && !hasStuckInstance(flows, getNode);
}

/**
 * Whether the wires of a configuration node have changed, where no editor makes any.
 *
 * @param {Pick<Difference, 'changed'>} difference
 * @param {Map<string, FlowNode>} before
 * @param {Map<string, FlowNode>} wanted
 */
function rewiresConfiguration({ changed }, before, wanted) {
  return changed.some((id) => {
    const [old, next] = [before.get(id), wanted.get(id)];
    const isConfiguration = next !== undefined && !isInEditor(next);
    return isConfiguration && JSON.stringify(old?.wires) !== JSON.stringify(next.wires);
  });
}

module.exports = { isComparable, rewiresConfiguration };
