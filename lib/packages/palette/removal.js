'use strict';

const { forget, loadedIn } = require('../files');
const { typesOf } = require('./registry');

/**
 * @import { NodeModule } from '../../types/node-red'
 * @import { Registry } from './registry'
 */

/**
 * A module and those that it has brought along and nothing else uses: they go with it.
 *
 * @param {Registry} registry
 * @param {string} name
 * @param {Set<string>} [found]
 * @returns {Set<string>}
 */
function withDependencies(registry, name, found = new Set()) {
  const module = registry.moduleOf(name);
  if (module && !found.has(name)) {
    found.add(name);
    for (const dependency of module.dependencies || []) {
      const other = registry.moduleOf(dependency);
      if (other && !other.user && (other.usedBy || []).every((user) => found.has(user))) {
        withDependencies(registry, dependency, found);
      }
    }
  }
  return found;
}

/**
 * The types that would be gone without the module.
 *
 * @param {Registry} registry
 * @param {string} name
 */
function typesWithout(registry, name) {
  const names = [...withDependencies(registry, name)];
  return [...new Set(names.flatMap((each) => typesOf(registry.moduleOf(each))))];
}

/**
 * The loaded modules that build on this one.
 *
 * @param {Registry} registry
 * @param {string} name
 */
function usersOf(registry, name) {
  const { usedBy = [] } = registry.moduleOf(name) || {};
  return usedBy.filter((user) => user !== name && registry.moduleOf(user));
}

/**
 * Takes a module out of the running process: its types, plugins, examples and loaded files.
 * Synchronous, so that no deploy comes between the check for use and this.
 *
 * @returns {object[]} the sets and plugins that are gone, as Node-RED announces them
 * @param {Registry} registry
 * @param {string} name
 */
function takeAway(registry, name) {
  const gone = [...withDependencies(registry, name)].map((each) => registry.loadedModule(each));
  const parts = gone.map((module) => ({ name: module.name, path: module.path, types: typesOf(module) }));
  readyForRemoval(registry, registry.loadedModule(name));
  const list = registry.removePlugins(name).concat(registry.unmapModule(name));
  for (const part of parts) {
    dropConstructors(registry, part);
    registry.removeExamples(part.name);
    if (part.path) {
      forget(loadedIn(part.path));
    }
  }
  return list;
}

/**
 * Node-RED stumbles over a dependency that is not loaded, in the middle of a removal.
 *
 * @param {Registry} registry
 * @param {NodeModule} module
 */
function readyForRemoval(registry, module) {
  if (!module.dependencies) {
    return;
  }
  module.dependencies = module.dependencies.filter((dependency) => registry.moduleOf(dependency));
  module.dependencies.forEach((dependency) => {
    const other = registry.loadedModule(dependency);
    other.usedBy = other.usedBy || [];
  });
}

/**
 * Node-RED removes the constructors of types that it has mapped to their set, and it does that
 * from the HTML: with the editor off, or for a type without a template, the constructor stays,
 * and the next version of it would be refused as already registered. So map what is left, and
 * remove it again.
 *
 * @param {Registry} registry
 * @param {{ name: string, types: string[] }} part
 */
function dropConstructors(registry, { name, types }) {
  const left = types.filter((type) => registry.getType(type) && !registry.ownerOf(type));
  if (left.length > 0) {
    registry.mapModule({ name, nodes: { left: { id: `${name}/left`, name: 'left', module: name, types: left } } });
    registry.unmapModule(name);
  }
}

module.exports = { takeAway, typesWithout, usersOf };
