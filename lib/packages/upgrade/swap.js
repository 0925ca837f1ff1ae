'use strict';

const { loadedCode } = require('./dependencies');
const { forget, loadedIn } = require('../files');
const { typesOf } = require('../palette/registry');
const { takeAway } = require('../palette/removal');
const { createSideEffects } = require('./side-effects');
const { usedTypes } = require('../../flows/used-types');

/**
 * @import { Registration } from '../palette/registration'
 * @import { Registry } from '../palette/registry'
 * @import { FlowNode, NodeModule, Runtime } from '../../types/node-red'
 */

/**
 * Puts a new version of a package into the place of the one that runs. Its nodes run the old
 * code until they are restarted.
 *
 * @param {object} params
 * @param {Runtime} params.runtime
 * @param {Registry} params.registry
 * @param {Registration} params.registration
 * @param {string} params.root
 * @param {() => FlowNode[][]} params.flowsInUse
 */
function createSwap({ runtime, registry, registration, root, flowsInUse }) {
  /**
   * Rejects with the reason, and with the old version back in place, when the new one cannot be
   * used.
   *
   * @returns {Promise<{types: string[], sideEffects: string[]}>} `sideEffects`: what the package has
   *   left in the process, in words, so the old version will have as well
   * @param {{ name: string, folder: string }} upgrade
   */
  async function swap({ name, folder }) {
    const module = registry.loadedModule(name);
    const old = keep(module);
    const files = loadedCode(module.path, root).own;
    const bringBack = forget(files);
    const sideEffects = createSideEffects(runtime);
    try {
      takeAway(registry, name);
      await registration.registerAgain(name, folder, { disabled: old.disabled, watch: sideEffects.watch });
      check(name, old);
    } catch (error) {
      try {
        putBack(name, folder, old, bringBack);
      } catch (second) {
        throw new Error(`${error.message}; the old version can't be put back either: ${second.message}`, {
          cause: error
        });
      }
      throw error;
    }
    return { types: typesOf(registry.moduleOf(name)), sideEffects: sideEffects.found() };
  }

  /** @param {NodeModule} module */
  function keep(module) {
    const sets = Object.values(module.nodes);
    const constructors = sets.flatMap((set) =>
      (set.types || []).flatMap((type) => {
        const constructor = registry.getType(type);
        const credentials = runtime.nodes.getCredentialDefinition(type);
        return constructor ? [{ id: set.id, type, constructor, credentials }] : [];
      })
    );
    return {
      module: { ...module, nodes: { ...module.nodes } },
      flags: sets.map((set) => [set, { enabled: set.enabled, loaded: set.loaded }]),
      disabled: new Set(sets.filter((set) => set.enabled === false).map((set) => set.name)),
      constructors
    };
  }

  /**
   * The new code must be what runs from now on, and all of it there.
   *
   * @param {string} name
   * @param {ReturnType<typeof keep>} old
   */
  function check(name, old) {
    const faults = registration.faultsOf(name);
    if (faults.length > 0) {
      throw new Error(`the new version does not load: ${faults.join('; ')}`);
    }
    const used = usedTypes(flowsInUse(), registry.getType);
    for (const { type, constructor } of old.constructors) {
      const found = registry.getType(type);
      if (!found && used.has(type)) {
        throw new Error(`the new version has no type '${type}', which flows use`);
      }
      if (found === constructor) {
        throw new Error(`the old code of type '${type}' would run on`);
      }
    }
  }

  /**
   * @param {string} name
   * @param {string} folder
   * @param {ReturnType<typeof keep>} old
   * @param {() => void} bringBack
   */
  function putBack(name, folder, old, bringBack) {
    if (registry.moduleOf(name)) {
      takeAway(registry, name);
    }
    forget(loadedIn(folder));
    bringBack();
    for (const [set, flags] of old.flags) {
      Object.assign(set, flags);
    }
    registry.mapModule(old.module);
    for (const { id, type, constructor, credentials } of old.constructors) {
      runtime.nodes.registerType(id, type, constructor, credentials && { credentials });
    }
    registry.save().catch(() => {});
  }

  return { swap };
}

module.exports = { createSwap };
