'use strict';

/** @import { FlowNode, Nodes } from '../../types/node-red' */

/** Instances of subflows in one another. */
const MOST_PARTS = 20;

/**
 * Where in the flows of the editor something was said: as much of it as a click in the debug sidebar can follow. Of a
 * node that the editor lacks nothing: it would show no message at all.
 *
 * @param {{ nodes: Pick<Nodes, 'getFlows'> }} runtime
 */
function createPlaces({ nodes }) {
  /** @type {unknown} */
  let seen;
  /** @type {Map<string, FlowNode>} */
  let known = new Map();

  const current = () => {
    const flows = nodes.getFlows()?.flows;
    if (flows !== seen) {
      seen = flows;
      known = new Map((flows ?? []).map((node) => [String(node.id), node]));
    }
    return known;
  };

  /**
   * @param {Map<string, FlowNode>} flows
   * @param {string | undefined} path
   */
  const isPath = (flows, path) => {
    const [tab, ...instances] = (path ?? '').split('/');
    return (
      flows.get(tab)?.type === 'tab' &&
      instances.length <= MOST_PARTS &&
      instances.every((id) => String(flows.get(id)?.type).startsWith('subflow:'))
    );
  };

  return {
    /** @param {string} id */
    isKnown: (id) => current().has(id),

    /**
     * @param {{ id?: string, z?: string, _alias?: string, path?: string }} said
     * @returns {{ id?: string, z?: string, _alias?: string, path?: string }}
     */
    of({ id, z, _alias, path }) {
      const flows = current();
      const node = id === undefined ? undefined : flows.get(id);
      if (node) {
        const on = typeof node.z === 'string' ? flows.get(node.z) : undefined;
        if (on?.type === 'tab') {
          return { id, z: String(node.z), path: String(node.z) };
        }
        return node.z === undefined ? { id, path: 'global' } : {};
      }
      // Within a subflow nodes have other ids: the one in the subflow is the alias, and the path has the instances.
      if (path?.includes('/') && isPath(flows, path)) {
        return { id, z, path, _alias: _alias !== undefined && flows.has(_alias) ? _alias : undefined };
      }
      return {};
    }
  };
}

module.exports = { createPlaces };
