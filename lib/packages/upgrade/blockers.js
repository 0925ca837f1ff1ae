'use strict';

const path = require('node:path');
const { isModuleNamespaceObject } = require('node:util').types;
const { loadedCode, packageOf } = require('./dependencies');
const { loadedIn } = require('../files');
const { typesOf } = require('../palette/registry');
const { usersOf } = require('../palette/removal');

/**
 * @import { Registration } from '../palette/registration'
 * @import { Registry } from '../palette/registry'
 * @import { Upgrade } from '../palette/loading'
 * @import { Manifest, NodeModule, NodeSet } from '../../types/node-red'
 * @import { Replaced } from './dependencies'
 */

/** The folder of what loads packages on our side. */
const OURS = path.join(__dirname, '..') + path.sep;

/**
 * Why a package that runs can't be replaced in the running process; undefined when it can, as
 * far as can be seen from outside. Timers and connections that the old code keeps for itself
 * can't be seen, nor files that it has loaded with `import()`.
 *
 * @param {{ registry: Registry, registration: Registration, replaced: Replaced, root: string }} params
 */
function createBlockers({ registry, registration, replaced, root }) {
  /** @param {Upgrade} upgrade */
  function blocker({ name, folder, manifest, why }) {
    const module = registry.moduleOf(name);
    return (
      why ||
      (module
        ? ofModule(name, module, folder) || ofNewVersion(folder, manifest) || ofLoadedFiles(module)
        : 'code that uses it is loaded')
    );
  }

  /**
   * @param {string} name
   * @param {NodeModule} module
   * @param {string} folder
   */
  function ofModule(name, module, folder) {
    const types = typesOf(module);
    if (path.resolve(module.path) !== folder) {
      return `another copy of it is loaded, from ${module.path}`;
    }
    if (Object.keys(module.plugins || {}).length > 0) {
      return 'it has plugins';
    }
    if (types.some((type) => typeof registry.getType(type) === 'object' && registry.getType(type) !== null)) {
      return 'it has subflows';
    }
    if ((module.dependencies || []).length > 0 || usersOf(registry, name).length > 0) {
      return 'it shares nodes with another package';
    }
    return undefined;
  }

  /**
   * @param {string} folder
   * @param {Manifest} manifest
   */
  function ofNewVersion(folder, manifest) {
    const { nodes, plugins, dependencies } = manifest['node-red'] || {};
    if (!nodes || Object.keys(nodes).length === 0) {
      return 'the new version has no nodes';
    }
    if ((plugins && Object.keys(plugins).length > 0) || (dependencies && dependencies.length > 0)) {
      return 'the new version has plugins, or uses the nodes of another package';
    }
    return registration.hasEsModules(folder, manifest) ? 'the new version is an ES module' : undefined;
  }

  /** @param {NodeModule} module */
  function ofLoadedFiles(module) {
    const loaded = loadedIn(module.path);
    /** @param {NodeSet} set */
    const isLoaded = (set) => loaded.some((file) => file.endsWith(path.sep + path.relative(module.path, set.file)));
    if (Object.values(module.nodes).some((set) => set.loaded && !isLoaded(set))) {
      return 'it is an ES module';
    }
    const code = loadedCode(module.path, root);
    if (code.own.some((file) => isModuleNamespaceObject(require.cache[file]?.exports))) {
      return 'it uses an ES module';
    }
    if (code.files.some((file) => file.endsWith('.node'))) {
      return 'it uses a native addon';
    }
    const users = code.users.filter((file) => !isLoader(file));
    if (users.length > 0) {
      return `${packageOf(users[0])} uses its code`;
    }
    const changed = code.shared.find((dependency) => replaced.isReplaced(dependency));
    return changed
      ? `${packageOf(changed.filename)}, which it shares with other code, has been replaced too`
      : undefined;
  }

  /**
   * Node-RED's loader, the reading of a package.json included, and ours.
   *
   * @param {string} file
   */
  function isLoader(file) {
    const loaders = [path.join(registry.folder, 'loader.js'), path.join(registry.folder, 'localfilesystem.js')];
    return loaders.includes(file) || file.startsWith(OURS);
  }

  return { blocker };
}

module.exports = { createBlockers };
