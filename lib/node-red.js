'use strict';

const fs = require('node:fs');
const { createRequire } = require('node:module');
const path = require('node:path');

/** @import { Comms, ExpressionUtil, FileWriter, FlowsApi, FlowsModule, FlowsUtil, LocalStorage, Runtime, Settings, Statuses } from './types/node-red' */

/**
 * The loaded files of a package of Node-RED's whose path ends as given.
 *
 * @param {string} packageName
 * @param {string} suffix
 */
function loadedFiles(packageName, suffix) {
  const wanted = path.sep + path.join(...packageName.split('/'), suffix);
  return Object.keys(require.cache).filter((file) => file.endsWith(wanted));
}

/**
 * The exports of a module of the Node-RED that is running, found among what is loaded: resolving
 * by package name fails when Node-RED is installed globally, embedded or in an image.
 *
 * @param {string} suffix
 */
function loaded(suffix) {
  const [file] = loadedFiles('@node-red/runtime', path.join('lib', suffix));
  const module = file === undefined ? undefined : require.cache[file];
  return module ? { file, exports: module.exports } : null;
}

/**
 * Node-RED's settings (settings.js and stored ones); known before `init`.
 *
 * @returns {Partial<Settings> | null}
 */
function loadedSettings() {
  const found = loaded('settings.js');
  return found && found.exports;
}

/**
 * Node-RED's own local file storage.
 *
 * @returns {LocalStorage}
 */
function localStorage() {
  const found = loaded(path.join('storage', 'index.js'));
  if (!found) {
    throw new Error('node-red-storage-valkey must be loaded by Node-RED, as its storageModule');
  }
  return require(path.join(path.dirname(found.file), 'localfilesystem'));
}

/**
 * How Node-RED's local storage writes its files; null where that is not to be found.
 *
 * @returns {FileWriter | null}
 */
function fileWriter() {
  const found = loaded(path.join('storage', 'localfilesystem', 'util.js'));
  return found && typeof found.exports.writeFile === 'function' ? found.exports : null;
}

/**
 * What the editor's API asks of the runtime about flows: one change at a time, whoever wants it. Null where that is not to be
 * found.
 *
 * @returns {FlowsApi | null}
 */
function flowsApi() {
  const found = loaded(path.join('api', 'flows.js'));
  return found && typeof found.exports.setFlows === 'function' ? found.exports : null;
}

/**
 * What Node-RED copies flows with: since 4 another package than before.
 *
 * @param {string} file of its runtime
 * @returns {(value: unknown) => unknown}
 */
function copierOf(file) {
  const ofNodeRed = createRequire(file);
  const { version } = ofNodeRed('../../package.json');
  return Number(version.split('.')[0]) < 4 ? ofNodeRed('clone') : ofNodeRed('rfdc')();
}

/**
 * The parts of Node-RED that a runtime uses for its flows, and the file of the second.
 *
 * @param {Runtime} runtime
 * @returns {{ flows: FlowsModule, util: FlowsUtil, file: string } | undefined}
 */
function flowsParts(runtime) {
  const index = loadedFiles('@node-red/runtime', path.join('lib', 'flows', 'index.js')).find(
    (name) => require.cache[name]?.exports.getFlows === runtime.nodes?.getFlows
  );
  const file = index && path.join(path.dirname(index), 'util.js');
  const [flows, util] = [index, file].map((name) => (name ? require.cache[name]?.exports : undefined));
  return file && flows && util ? { flows, util, file } : undefined;
}

/**
 * How the Node-RED that is running reads a flow array: a function that throws what it does; the
 * array is left as it is. Null where no Node-RED is running.
 *
 * @returns {((flows: object[]) => unknown) | null}
 */
function flowParser() {
  const found = loaded(path.join('flows', 'util.js'));
  if (!found) {
    return null;
  }
  const copy = copierOf(found.file);
  return (flows) => found.exports.parseConfig(copy(copy(flows)));
}

/**
 * Whether the Node-RED that is running starts groups, each after the one that it is in: since 3.1 it
 * does, and before that it only looks for their variables. Where none is running, the stricter counts.
 */
function startsGroups() {
  const found = loaded(path.join('flows', 'util.js'));
  return !found || fs.existsSync(path.join(path.dirname(found.file), 'Group.js'));
}

/**
 * The statuses of nodes, as an editor is told them that is opened now.
 *
 * @returns {Statuses}
 */
function keptStatuses() {
  const comms = /** @type {Comms | undefined} */ (loaded(path.join('api', 'comms.js'))?.exports);
  /** @type {Statuses} */
  const kept = {};
  const topic = 'status/';
  /** @type {(name: string, data: unknown) => void} */
  const send = (name, data) => {
    kept[name.slice(topic.length)] = data;
  };
  // It tells at once what it keeps.
  comms?.subscribe({ client: { send }, topic: `${topic}#` }).catch(() => {});
  return kept;
}

/**
 * The exports of a file of Node-RED's package for all its parts.
 *
 * @param {string} file
 */
function ofUtil(file) {
  const [found] = loadedFiles('@node-red/util', path.join('lib', file));
  const module = found === undefined ? undefined : require.cache[found];
  if (!module) {
    throw new Error('node-red-storage-valkey/context must be opened by Node-RED, as a module of contextStorage');
  }
  return module.exports;
}

/**
 * How the Node-RED that is running reads keys such as `a.b[0]`.
 *
 * @returns {ExpressionUtil}
 */
const expressionUtil = () => ofUtil('util.js');

/**
 * Node-RED's logger, for those that no runtime is handed to.
 *
 * @returns {Runtime['log']}
 */
const log = () => ofUtil('log.js');

module.exports = {
  expressionUtil,
  fileWriter,
  flowParser,
  flowsApi,
  flowsParts,
  keptStatuses,
  loadedFiles,
  loadedSettings,
  localStorage,
  log,
  startsGroups
};
