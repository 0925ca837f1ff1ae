'use strict';

const { stat } = require('node:fs/promises');
const path = require('node:path');

const { loadedFiles } = require('../../node-red');
const { NAMES_OF_EVERY_OBJECT } = require('../key');
const { deviation } = require('./expectation');

/**
 * @import { Log } from '../../types/core'
 * @import { DependencyCheck, FlowNode, Runtime, Settings, TypeRegistration } from '../../types/node-red'
 */

/** A type that has registered a list of modules in every release: not seen, others were missed as well. */
const ALWAYS_REGISTERED = 'function';

/**
 * By the `externalModules` of a registry, for Node-RED can be started again in one process: what forgets what it has read.
 *
 * @type {WeakMap<object, () => void>}
 */
const narrowed = new WeakMap();

/**
 * The parts of the registry that this runtime uses.
 *
 * @param {Runtime} runtime
 */
function registryOf(runtime) {
  const file = loadedFiles('@node-red/registry', path.join('lib', 'index.js')).find(
    (name) => require.cache[name]?.exports.getModuleInfo === runtime.nodes?.getModuleInfo
  );
  const part = (/** @type {string} */ name) => file && require.cache[path.join(path.dirname(file), name)]?.exports;
  const [registry, externalModules, types] = ['index.js', 'externalModules.js', 'registry.js'].map(part);
  return registry && externalModules && types ? { registry, externalModules, types } : undefined;
}

/**
 * Before each start of flows Node-RED looks in them for the modules that they need, and copies every
 * node for that, in a time that grows with the square of their number: see
 * docs/node-red/check-flow-dependencies.md. It goes by the lists that types have registered, so from
 * here on it is handed the nodes alone that have such a list, and finds the same. Where there is none, and
 * the list of installed modules is as it has read it, it is spared. To be called before each start of
 * Node-RED, and before it loads its nodes. Where something is not as expected, all stays as it is.
 *
 * @param {Runtime} runtime
 * @param {Pick<Log, 'info'>} log
 */
function narrowDependencyCheck(runtime, log) {
  const parts = registryOf(runtime);
  const forget = parts && narrowed.get(parts.externalModules);
  if (forget) {
    forget();
    return;
  }
  const found = parts ? deviation(parts) : 'it is not found among the loaded files';
  if (!parts || found) {
    log.info(`Node-RED's look for the modules of flows stays as it is, slow for large flows: ${found}`);
    return;
  }
  const hasType = (/** @type {string} */ type) => Boolean(runtime.nodes.getType(type));
  const stamp = () => stampOf(installed(runtime.settings));
  narrowed.set(parts.externalModules, narrow(parts.registry, parts.externalModules, { hasType, stamp }));
}

/**
 * @param {DependencyCheck} registry
 * @param {TypeRegistration} externalModules
 * @param {{ hasType: (type: string) => boolean, stamp: () => Promise<string> }} runtime `stamp`: of the list of what is
 *   installed
 */
function narrow(registry, externalModules, { hasType, stamp }) {
  const { checkFlowDependencies } = registry;
  const { lists, subflows } = registrations(externalModules);
  const isComplete = () => lists.has(ALWAYS_REGISTERED) || !hasType(ALWAYS_REGISTERED);

  /** @param {FlowNode | null | undefined} node */
  function canMatter(node) {
    const type = node?.type;
    if (typeof type !== 'string' || subflows.has(type) || NAMES_OF_EVERY_OBJECT.has(type)) {
      return true;
    }
    const list = lists.get(type);
    return list !== undefined && !isNothing(node?.[list]);
  }

  /** @type {string | undefined} of the list as Node-RED has read it */
  let read;

  /** Where there is nothing to look at, Node-RED reads that list all the same, twice. */
  async function readList() {
    const current = await stamp();
    if (read !== current) {
      await checkFlowDependencies([]);
      read = current;
    }
  }

  registry.checkFlowDependencies = (flows) => {
    const few = Array.isArray(flows) && isComplete() ? flows.filter(canMatter) : flows;
    return Array.isArray(few) && few.length === 0 ? readList() : checkFlowDependencies(few);
  };
  return () => {
    read = undefined;
  };
}

/**
 * Where Node-RED reads which modules are installed.
 *
 * @param {Partial<Settings> | undefined} settings
 */
function installed(settings) {
  return path.resolve(settings?.userDir || process.env.NODE_RED_HOME || '.', 'package.json');
}

/**
 * Another text when a file is another, or has come or gone.
 *
 * @param {string} file
 */
async function stampOf(file) {
  const found = await stat(file, { bigint: true }).catch(() => undefined);
  return found ? [found.dev, found.ino, found.size, found.mtimeNs, found.ctimeNs].join() : 'none';
}

/**
 * Whether a node with this in place of a list names no modules, whatever its type.
 *
 * @param {unknown} list
 */
function isNothing(list) {
  return !list || (Array.isArray(list) && list.length === 0);
}

/**
 * What types register from here on: the property in which their nodes name modules, or that they are
 * subflows of packages.
 *
 * @param {TypeRegistration} externalModules
 */
function registrations(externalModules) {
  /** @type {Map<string, string>} */
  const lists = new Map();
  /** @type {Set<string>} */
  const subflows = new Set();
  const { register, registerSubflow } = externalModules;
  externalModules.register = (type, list) => {
    lists.set(String(type), list);
    return register(type, list);
  };
  externalModules.registerSubflow = (type, subflow) => {
    subflows.add(String(type));
    return registerSubflow(type, subflow);
  };
  return { lists, subflows };
}

module.exports = { narrowDependencyCheck };
