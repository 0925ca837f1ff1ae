'use strict';

const { isDeepStrictEqual } = require('node:util');

/** @import { NodeCredentials, Runtime } from '../types/node-red' */

/**
 * @template T
 * @param {T} credentials
 * @returns {T}
 */
function copyOf(credentials) {
  try {
    return structuredClone(credentials);
  } catch {
    // A node may store what cannot be copied; its call must not fail for that.
    return credentials;
  }
}

/** @typedef {ReturnType<typeof createLiveCredentials>} LiveCredentials */

/**
 * Node-RED's live credential cache, and which entries of it the nodes of this
 * instance have renewed by themselves (a token that they refreshed, say).
 *
 * Nodes write to the cache through the node API, a deploy does not, and the
 * node API is copied from the runtime when a node file is loaded: so a watch
 * set before that tells the two apart.
 *
 * @param {Runtime} runtime
 */
function createLiveCredentials(runtime) {
  const { nodes } = runtime;
  const original = { add: nodes.addCredentials, delete: nodes.deleteCredentials };
  /** @type {Map<string, NodeCredentials | undefined>} */
  const renewed = new Map();

  /** @type {typeof original} */
  const watched = {
    add(id, credentials) {
      renewed.set(id, copyOf(credentials));
      return original.add.call(nodes, id, credentials);
    },
    delete(id) {
      renewed.set(id, undefined);
      return original.delete.call(nodes, id);
    }
  };
  nodes.addCredentials = watched.add;
  nodes.deleteCredentials = watched.delete;

  /**
   * The given ids are about to be handed over anew, or to go: what their nodes
   * renewed no longer counts. Returns a function that takes that back.
   *
   * @param {string[]} ids
   */
  function forget(ids) {
    /** @type {Array<[string, NodeCredentials | undefined]>} */
    const forgotten = ids.filter((id) => renewed.has(id)).map((id) => [id, renewed.get(id)]);
    forgotten.forEach(([id]) => renewed.delete(id));
    return () => forgotten.forEach(([id, credentials]) => renewed.set(id, credentials));
  }

  function forgetAll() {
    renewed.clear();
  }

  /**
   * What a node should have: its own renewed credentials, or else those of the deploy.
   *
   * @param {string} id
   * @param {Map<string, NodeCredentials>} deployed
   */
  function wanted(id, deployed) {
    return renewed.has(id) ? renewed.get(id) : deployed.get(id);
  }

  /**
   * Puts back what a refused deploy has changed. Resolves with the ids that it found changed.
   *
   * @param {Iterable<string>} ids
   * @param {Map<string, NodeCredentials>} deployed
   */
  async function restore(ids, deployed) {
    /** @type {string[]} */
    const restored = [];
    for (const id of ids) {
      const credentials = wanted(id, deployed);
      const live = nodes.getCredentials(id);
      if (isDeepStrictEqual(live, credentials)) {
        continue;
      }
      if (credentials) {
        await original.add.call(nodes, id, copyOf(credentials));
      } else if (live && Object.keys(live).length > 0) {
        await original.delete.call(nodes, id);
      } else {
        continue;
      }
      restored.push(id);
    }
    return restored;
  }

  function close() {
    // Somebody may have wrapped ours meanwhile: theirs stays.
    if (nodes.addCredentials === watched.add) {
      nodes.addCredentials = original.add;
    }
    if (nodes.deleteCredentials === watched.delete) {
      nodes.deleteCredentials = original.delete;
    }
  }

  return { wanted, forget, forgetAll, restore, close };
}

module.exports = { createLiveCredentials };
