'use strict';

const { keyOf } = require('../flows/key');

/** @import { EnvironmentVariable, FlowNode } from '../types/node-red' */

/** @param {EnvironmentVariable | null} item */
function isCredential(item) {
  return item?.type === 'cred';
}

/**
 * @template {object} T
 * @param {T} item
 * @returns {T}
 */
function reversed(item) {
  return /** @type {T} */ (Object.fromEntries(Object.entries(item).reverse()));
}

/** @typedef {ReturnType<typeof createMarking>} Marking */

/**
 * Makes Node-RED see a change of credentials that leaves the flows as they were.
 *
 * Node-RED takes a node with a `credentials` property for changed, and takes
 * the property out again. It is empty here: the values go with the call, so
 * that no copy of them stays in a part of the configuration that the admin API
 * shows. A tab is different: Node-RED looks at nothing but the text of its
 * `env`, so the keys of one item swap their order each time, which is another
 * text and the same meaning, and stay swapped until the next time.
 *
 * `isScopeAware` is false for a Node-RED that restarts neither tabs nor groups
 * for their env: it would read the empty property of a group as its values.
 *
 * A node whose code has been replaced is marked as well. Where its type has no credentials
 * (`hasCredentials(type)`), Node-RED would warn of an object; null is as good, but stays.
 *
 * @param {{ isScopeAware: boolean, hasCredentials: (type: string) => boolean }} params
 */
function createMarking({ isScopeAware, hasCredentials }) {
  /** @type {Set<string>} */
  let swapped = new Set();

  /** @param {EnvironmentVariable[]} env */
  function environmentOf(env) {
    const index = env.findIndex(isCredential);
    return env.map((item, i) => (i === index ? reversed(item) : item));
  }

  /**
   * @param {FlowNode} node
   * @returns {node is FlowNode & { env: EnvironmentVariable[] }}
   */
  function isSwappable(node) {
    return node.type === 'tab' && Array.isArray(node.env) && node.env.some(isCredential);
  }

  /**
   * The array to hand over: `flows` with the nodes in `credentials` and `replaced` (sets of
   * ids) marked. `commit` is to be called when Node-RED has taken it.
   *
   * @param {FlowNode[]} flows
   * @param {Set<string>} [credentials]
   * @param {Set<string>} [environments]
   * @param {Set<string>} [replaced]
   */
  function mark(flows, credentials = new Set(), environments = new Set(), replaced = new Set()) {
    const next = new Set();
    const marked = flows.map((node) => {
      const id = keyOf(node.id);
      if (node.type !== 'tab') {
        const isMarked = credentials.has(id) && (isScopeAware || node.type !== 'group');
        if (!isMarked && replaced.has(id)) {
          return { ...node, credentials: hasCredentials(node.type) ? {} : null };
        }
        return isMarked ? { ...node, credentials: {} } : node;
      }
      // A tab whose env changed as well is another text already.
      const isToggled = credentials.has(id) && !environments.has(id);
      if (!isSwappable(node) || swapped.has(id) === isToggled) {
        return node;
      }
      next.add(id);
      return { ...node, env: environmentOf(node.env) };
    });
    return {
      // The very array, where Node-RED's look for what differs has been done before.
      marked: marked.every((node, index) => node === flows[index]) ? flows : marked,
      commit: () => {
        swapped = next;
      }
    };
  }

  /**
   * Takes out of Node-RED's flows the marks of replaced code that it has left in.
   *
   * @param {FlowNode[]} flows
   * @param {Set<string>} replaced
   */
  function unmark(flows, replaced) {
    for (const node of flows) {
      if (replaced.has(keyOf(node.id)) && node.credentials === null) {
        delete node.credentials;
      }
    }
  }

  /** Forgets the swaps: Node-RED has loaded the flows as they are stored. */
  function reset() {
    swapped = new Set();
  }

  return { mark, unmark, reset };
}

module.exports = { createMarking };
