'use strict';

const { NAMES_OF_EVERY_OBJECT } = require('../key');

/**
 * @import { FlowNode } from '../../types/node-red'
 * @import { NodesById } from './side'
 */

/** From so many on, a list has a set beside it in which to look. */
const MANY = 16;

/**
 * Whether Node-RED may fail to go along a node's wires, since one of its ports is no list.
 *
 * @param {FlowNode} node
 */
function isOddlyWired({ wires }) {
  if (wires) {
    const ports = /** @type {unknown[]} */ (wires);
    for (let port = 0; port < ports.length; port += 1) {
      if (!Array.isArray(ports[port])) {
        return true;
      }
    }
  }
  return false;
}

/**
 * Whether it may fail with these, since one has a name as its id that every object has.
 *
 * @param {NodesById} nodes
 */
function areOddlyNamed(nodes) {
  return [...NAMES_OF_EVERY_OBJECT].some((name) => Object.hasOwn(nodes, name));
}

/** Adds to lists what is not in them yet. */
function createAddition() {
  /** @type {Map<string[], Set<string>>} */
  const sets = new Map();

  /**
   * @param {string[]} list
   * @param {string} id
   */
  return function addOnce(list, id) {
    let set = sets.get(list);
    if (!set && list.length >= MANY) {
      set = new Set(list);
      sets.set(list, set);
    }
    if (!(set ? set.has(id) : list.includes(id))) {
      list.push(id);
      set?.add(id);
    }
  };
}

/**
 * What each node was wired to and is, in both directions, by id. What it is now is in its list once.
 *
 * @param {NodesById} before
 * @param {NodesById} next
 */
function linksOf(before, next) {
  /** @type {Record<string, string[]>} */
  const links = {};

  /**
   * @param {FlowNode} node
   * @param {NodesById} nodes
   * @param {(list: string[], id: string) => void} add
   */
  function link({ id, wires }, nodes, add) {
    const key = /** @type {string} */ (id);
    const ports = /** @type {string[][]} */ (wires);
    const own = (links[key] ||= []);
    for (let port = 0; port < ports.length; port += 1) {
      const ends = ports[port];
      for (let index = 0; index < ends.length; index += 1) {
        add(own, ends[index]);
        const other = nodes[ends[index]];
        if (other) {
          add((links[/** @type {string} */ (other.id)] ||= []), key);
        }
      }
    }
  }

  for (const node of Object.values(before)) {
    if (node.wires && node.type !== 'tab') {
      link(node, before, (list, id) => list.push(id));
    }
  }
  const addOnce = createAddition();
  for (const node of Object.values(next)) {
    if (node.wires) {
      link(node, next, addOnce);
    }
  }
  return links;
}

/**
 * All that these are linked with, over whatever is between, in the order in which Node-RED meets it; those of them as well
 * that are linked with something.
 *
 * @param {string[]} ids
 * @param {Record<string, string[]>} links
 */
function linkedWith(ids, links) {
  const stack = [...ids];
  /** @type {Record<string, boolean>} */
  const visited = {};
  const met = [];
  while (stack.length > 0) {
    const id = /** @type {string} */ (stack.pop());
    if (!visited[id]) {
      visited[id] = true;
      const ends = links[id];
      if (ends) {
        met.push(id);
        // Of an id such as `constructor` it is no list.
        for (const end of Array.isArray(ends) ? ends : []) {
          stack.push(end);
        }
      }
    }
  }
  return met;
}

module.exports = { areOddlyNamed, isOddlyWired, linkedWith, linksOf };
