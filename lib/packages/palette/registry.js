'use strict';

const path = require('node:path');
const { loadedFiles } = require('../../node-red');

/**
 * Node-RED's registry of node modules: the one that this runtime uses, and the parts inside it
 * that it does not hand out. Its own API neither takes a module away without npm nor loads a
 * second version of one.
 */
function openRegistry(runtime) {
  const file = loadedFiles('@node-red/registry', path.join('lib', 'index.js')).find(
    (name) => require.cache[name].exports.getModuleInfo === runtime.nodes.getModuleInfo
  );
  if (!file) {
    throw new Error("Node-RED's registry of node modules is not found among the loaded files");
  }
  const part = (name) => require(path.join(path.dirname(file), name));
  const api = require.cache[file].exports;
  const inner = part('registry.js');
  // Node-RED's tables are plain objects: they have a `constructor` that is no module.
  const getModuleInfo = (name) => (Object.hasOwn(api.getModuleList(), name) ? runtime.nodes.getModuleInfo(name) : null);
  const getType = (type) => runtime.nodes.getType(type);

  /** The live configuration of a loaded module, with its node sets, plugins and errors. */
  const moduleOf = (name) => (getModuleInfo(name) ? api.getModuleList()[name] : undefined);

  return {
    folder: path.dirname(file),
    getModuleInfo,
    getType,
    moduleOf,
    /** All module configurations; with automatic installation also those that are missing. */
    moduleList: () => api.getModuleList(),
    /** Reads a module from disk and runs it, as Node-RED does after its own npm run. */
    addModule: async (name) => api.addModule(name),
    /** Maps the types of a module to its sets, in place of the HTML that Node-RED reads for that. */
    mapModule: (module) => inner.addModule(module),
    unmapModule: (name) => inner.removeModule(name, true),
    /** The set that a type is mapped to, if any. */
    ownerOf: (type) => inner.getTypeId(type),
    enableSet: (id) => inner.enableNodeSet(id),
    registerType: (id, type, constructor) => inner.registerNodeConstructor(id, type, constructor),
    setPending: (name, version) => inner.setModulePendingUpdated(name, version),
    setUserInstalled: (name) => inner.setUserInstalled(name, true),
    save: async () => inner.saveNodeList(),
    /** Takes a module's plugins away; older releases leave them in. */
    removePlugins: (name) => {
      const { removeModule } = part('plugins.js');
      return removeModule ? removeModule(name) : [];
    },
    removeExamples: (name) => part('library.js').removeExamplesDir(name),
    /** The `RED` that the node files of a set are called with. */
    createNodeApi: (set) => part('util.js').createNodeApi(set),
    /** Node-RED 5 loads node files with `import()`, which keeps the first version of each for ever. */
    isImporting: Number(String(runtime.settings.version).split('.')[0]) >= 5
  };
}

/** The types that the sets of a module have registered or announce. */
function typesOf(module) {
  const sets = Object.values((module && module.nodes) || {});
  return [...new Set(sets.flatMap((set) => set.types || []))];
}

module.exports = { openRegistry, typesOf };
