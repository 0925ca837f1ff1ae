'use strict';

const { takeAway, typesWithout, usersOf } = require('./removal');
const { usedLibraries, usedTypes } = require('../../flows/used-types');

/** @import { Parts } from './loading' */

/**
 * Takes packages that npm is about to uninstall out of the running Node-RED.
 *
 * @param {Parts} parts
 */
function createRemoving({ log, registry, registration, hooks, earlier, announce, flowsInUse }) {
  /**
   * A module that others build on can go once they have.
   *
   * @param {string[]} names
   */
  function usersFirst(names) {
    /** @type {(name: string, seen?: Set<string>) => number} */
    const depth = (name, seen = new Set()) => {
      const users = usersOf(registry, name).filter((user) => names.includes(user) && !seen.has(user));
      return users.length === 0 ? 0 : 1 + Math.max(...users.map((user) => depth(user, new Set([...seen, user]))));
    };
    return [...names].sort((one, other) => depth(one) - depth(other));
  }

  /**
   * Takes the types of a package away, unless flows use them.
   *
   * @param {string} name
   * @param {string[]} along the packages that npm removes with it
   * @returns {Promise<boolean>} whether it is gone, or was not there
   */
  async function removeOne(name, along) {
    const isInUse = () => [name, ...along].some((each) => isUsed(each, new Set([name, ...along])));
    if (isInUse()) {
      return false;
    }
    const module = registry.moduleOf(name);
    if (module) {
      await hooks.beforeRemoval(name);
      if (isInUse()) {
        return false;
      }
    } else {
      // Node-RED may know it as one that is missing.
      delete registry.moduleList()[name];
    }
    const list = [];
    const types = [];
    for (const each of usersFirst([name, ...along])) {
      const version = registry.moduleOf(each)?.version;
      if (version) {
        types.push(...typesWithout(registry, each));
        const isEsModule = registration.runsEsModules(each);
        list.push(...takeAway(registry, each));
        earlier.set(each, { version, isEsModule });
      }
    }
    if (list.length === 0 && !module) {
      return true;
    }
    await registry.save().catch((error) => log.debug(`the list of node types is not saved: ${error.message}`));
    announce('node/removed', list);
    const label = module ? `${name}@${module.version}` : name;
    log.info(`package ${label} is removed${types.length > 0 ? `: ${types.join(', ')}` : ''}`);
    if (module) {
      await hooks.afterRemoval(name).catch((error) => log.warn(`package ${name}: ${error.message}`));
    }
    return true;
  }

  /**
   * @param {string} name
   * @param {Set<string>} leaving what goes with it
   */
  function isUsed(name, leaving) {
    const flows = flowsInUse();
    if (!registry.moduleOf(name)) {
      return usedLibraries(flows).has(name);
    }
    const used = usedTypes(flows, registry.getType);
    return (
      usersOf(registry, name).some((user) => !leaving.has(user)) ||
      usedLibraries(flows).has(name) ||
      typesWithout(registry, name).some((type) => used.has(type))
    );
  }

  return { usersFirst, removeOne };
}

module.exports = { createRemoving };
