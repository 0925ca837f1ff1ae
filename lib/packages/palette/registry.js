'use strict';

const path = require('node:path');
const { loadedFiles } = require('../../node-red');

/** @import { ModuleInfo, NodeModule, Nodes, NodeSet, Runtime } from '../../types/node-red' */

/**
 * A module as it is listed: one that is missing, or is about to be read, has less than one that is loaded.
 *
 * @typedef {{ name: string, nodes: Record<string, Partial<NodeSet>> }} ListedModule
 */

/** @typedef {ReturnType<typeof openRegistry>} Registry */

/**
 * Node-RED's registry of node modules: the one that this runtime uses, and the parts inside it
 * that it does not hand out. Its own API neither takes a module away without npm nor loads a
 * second version of one.
 *
 * @param {Runtime} runtime
 */
function openRegistry(runtime) {
  const file = loadedFiles('@node-red/registry', path.join('lib', 'index.js')).find(
    (name) => require.cache[name]?.exports.getModuleInfo === runtime.nodes.getModuleInfo
  );
  if (!file) {
    throw new Error("Node-RED's registry of node modules is not found among the loaded files");
  }
  // Node-RED's own files: what comes out of them is typed where it is handed on.
  /** @type {(name: string) => any} */
  const part = (name) => require(path.join(path.dirname(file), name));
  const api = require.cache[file]?.exports;
  const inner = part('registry.js');
  // Node-RED's tables are plain objects: they have a `constructor` that is no module.
  /** @type {(name: string) => ModuleInfo | null} */
  const getModuleInfo = (name) => (Object.hasOwn(api.getModuleList(), name) ? runtime.nodes.getModuleInfo(name) : null);
  /** @type {Nodes['getType']} */
  const getType = (type) => runtime.nodes.getType(type);

  /**
   * The live configuration of a loaded module, with its node sets, plugins and errors.
   *
   * @type {(name: string) => NodeModule | undefined}
   */
  const moduleOf = (name) => (getModuleInfo(name) ? api.getModuleList()[name] : undefined);

  return {
    folder: path.dirname(file),
    getModuleInfo,
    getType,
    moduleOf,
    /**
     * The same of a module that is known to be loaded.
     *
     * @type {(name: string) => NodeModule}
     */
    loadedModule: (name) => /** @type {NodeModule} */ (moduleOf(name)),
    /**
     * What the editor is told of a module that is known to be loaded.
     *
     * @type {(name: string) => ModuleInfo}
     */
    loadedInfo: (name) => /** @type {ModuleInfo} */ (getModuleInfo(name)),
    /**
     * All module configurations; with automatic installation also those that are missing.
     *
     * @type {() => Record<string, ListedModule>}
     */
    moduleList: () => api.getModuleList(),
    /**
     * Reads a module from disk and runs it, as Node-RED does after its own npm run.
     *
     * @type {(name: string) => Promise<unknown>}
     */
    addModule: async (name) => api.addModule(name),
    /**
     * Maps the types of a module to its sets, in place of the HTML that Node-RED reads for that.
     *
     * @type {(module: ListedModule) => unknown}
     */
    mapModule: (module) => inner.addModule(module),
    /** @type {(name: string) => object[]} */
    unmapModule: (name) => inner.removeModule(name, true),
    /**
     * The set that a type is mapped to, if any.
     *
     * @type {(type: string) => string | undefined}
     */
    ownerOf: (type) => inner.getTypeId(type),
    /** @type {(id: string) => Promise<unknown>} */
    enableSet: (id) => inner.enableNodeSet(id),
    /** @type {(id: string, type: string, constructor: Function) => void} */
    registerType: (id, type, constructor) => inner.registerNodeConstructor(id, type, constructor),
    /** @type {(name: string, version: string) => Promise<unknown>} */
    setPending: (name, version) => inner.setModulePendingUpdated(name, version),
    /** @type {(name: string) => Promise<ModuleInfo>} */
    setUserInstalled: (name) => inner.setUserInstalled(name, true),
    /** @type {() => Promise<unknown>} */
    save: async () => inner.saveNodeList(),
    /**
     * Takes a module's plugins away; older releases leave them in.
     *
     * @type {(name: string) => object[]}
     */
    removePlugins: (name) => {
      const { removeModule } = part('plugins.js');
      return removeModule ? removeModule(name) : [];
    },
    /** @type {(name: string) => void} */
    removeExamples: (name) => part('library.js').removeExamplesDir(name),
    /**
     * The `RED` that the node files of a set are called with.
     *
     * @type {(set: NodeSet) => object}
     */
    createNodeApi: (set) => part('util.js').createNodeApi(set),
    /** Node-RED 5 loads node files with `import()`, which keeps the first version of each for ever. */
    isImporting: Number(String(runtime.settings.version).split('.')[0]) >= 5
  };
}

/**
 * The types that the sets of a module have registered or announce.
 *
 * @param {NodeModule | undefined} module
 */
function typesOf(module) {
  const sets = Object.values((module && module.nodes) || {});
  return [...new Set(sets.flatMap((set) => set.types || []))];
}

module.exports = { openRegistry, typesOf };
