'use strict';

/**
 * @import { FlowNode } from '../../types/node-red'
 * @import { Marks, Side } from './side'
 */

/**
 * What is in a group that has changed has changed as well; true when that is new.
 *
 * @param {FlowNode} group
 * @param {Marks['changed']} changed
 */
function markInside({ nodes }, changed) {
  let isNew = false;
  if (nodes) {
    /** @type {string[]} */ (nodes).forEach((id) => {
      if (!changed[id]) {
        changed[id] = true;
        isNew = true;
      }
    });
  }
  return isNew;
}

/**
 * A group in one that has changed has changed, and so has all that is in it.
 *
 * @param {FlowNode[]} nested
 * @param {Marks['changed']} changed
 */
function markNested(nested, changed) {
  let isNew;
  do {
    isNew = false;
    for (const group of nested) {
      const id = /** @type {string} */ (group.id);
      if (!changed[id] && group.g && changed[/** @type {string} */ (group.g)]) {
        changed[id] = true;
        isNew = true;
      }
      if (changed[id] && markInside(group, changed)) {
        isNew = true;
      }
    }
  } while (isNew);
}

/**
 * What is in a subflow has not changed: the subflow has.
 *
 * @param {Side} next
 * @param {Marks['changed']} changed
 */
function dropInside({ nodes, list }, changed) {
  for (const node of list) {
    const container = nodes[/** @type {string} */ (node.z)];
    if (container && container.type === 'subflow') {
      delete changed[/** @type {string} */ (node.id)];
    }
  }
}

/**
 * The instances of subflows by their type, in their order.
 *
 * @param {FlowNode[]} list
 */
function instancesOf(list) {
  /** @type {Map<string, FlowNode[]>} */
  const instances = new Map();
  for (const node of list) {
    if (typeof node.type === 'string' && node.type.startsWith('subflow:')) {
      const others = instances.get(node.type);
      if (others) {
        others.push(node);
      } else {
        instances.set(node.type, [node]);
      }
    }
  }
  return instances;
}

/**
 * With a subflow each of its instances has changed, and the subflow that such a one is in.
 *
 * @param {Side} next
 * @param {Marks} marks
 */
function markInstances({ nodes, list }, { changed, subflows }) {
  const stack = Object.keys(subflows);
  const instances = stack.length > 0 ? instancesOf(list) : new Map();
  while (stack.length > 0) {
    for (const node of instances.get(`subflow:${stack.pop()}`) || []) {
      if (!changed[node.id]) {
        changed[node.id] = node;
        const container = nodes[node.z];
        if (!changed[node.z] && container) {
          changed[node.z] = container;
          if (container.type === 'subflow') {
            stack.push(node.z);
            delete changed[node.id];
          }
        }
      }
    }
  }
}

module.exports = { dropInside, markInside, markInstances, markNested };
