'use strict';

const { checkOptions } = require('./binding/core');
const { handOver, openedStores, takeBack } = require('./context/handover');
const { contextLoaded } = require('./context/waiting');
const { narrowDependencyCheck } = require('./flows/dependencies');
const { hastenDifference, prepareDeploys } = require('./flows/difference');
const { narrowStops } = require('./flows/stopping');
const { setFailureExitCode } = require('./exit-code');
const { openFleet } = require('./fleet');
const { createHealth } = require('./health');
const { createStanding } = require('./health/standing');
const { PREFIX, createLog } = require('./log');
const { optionsAsText } = require('./options');
const { openMember } = require('./member');
const { giveBackAfterStart } = require('./memory');
const nodeRed = require('./node-red');
const { createPlacement } = require('./placement');
const { openStreams } = require('./streams');
const { defaultUserDir } = require('./user-dir');
const { name: NAME, version: VERSION } = require('../package.json');

/**
 * @import { Instance, OpenParams, RawOptions } from './types/core'
 * @import { Runtime, Settings } from './types/node-red'
 */

/** @type {Instance | null} */
let current = null;

/**
 * Loads what the role needs, and not before: settings.js requires this module while nothing else of
 * Node-RED starts.
 *
 * @param {OpenParams} params
 * @returns {Promise<Instance>}
 */
function openRole(params) {
  if (params.checked.role === 'worker') {
    return require('./worker').openWorker(params);
  }
  return params.settings.readOnly
    ? require('./admin/read-only').openReadOnlyAdmin(params)
    : require('./admin').openAdmin(params);
}

/**
 * @param {Settings} settings
 * @param {Runtime} runtime
 */
async function open(settings, runtime) {
  if (current) {
    const earlier = current;
    current = null;
    await earlier.close();
  }
  // Node-RED leaves this to its local storage, which a worker never opens and an admin only in `init`.
  settings.userDir ||= defaultUserDir();
  const log = createLog(runtime.log);
  const options = optionsAsText(settings.valkey);
  const checked = checkOptions(options.text);
  log.info(`${NAME} ${VERSION}: ${checked.role} of '${checked.keyPrefix}' at ${checked.server}`);
  for (const notice of checked.notices) {
    log[notice.level](notice.text);
  }
  narrowDependencyCheck(runtime, log);
  narrowStops(runtime, log);
  const placement = createPlacement({ role: checked.role, options: checked.placement, runtime, log });
  // Placement reads what of it says how Node-RED goes by tabs.
  const difference = hastenDifference(runtime, log);
  if (checked.role === 'admin') {
    prepareDeploys(nodeRed.flowsApi(), difference);
    require('./admin/runnable').refuseSpoiling(nodeRed.flowsApi(), log);
  }
  /** @type {Instance | null} */
  let instance = null;
  const { userDir } = settings;
  handOver(userDir, {
    options: /** @type {RawOptions} */ (settings.valkey),
    readOnly: Boolean(settings.readOnly),
    log,
    instance: () => instance
  });
  const standing = createStanding({
    role: checked.role,
    maxAge: checked.health ? checked.health.maxAge : null,
    runtime,
    instance: () => instance,
    contexts: () => openedStores(userDir),
    placement: placement.state
  });
  const memory = giveBackAfterStart(runtime.events);
  const member = openMember({ options, userDir: settings.readOnly ? undefined : userDir, log });
  const tabs = () => placement.state().tabs.map(({ id }) => id);
  const fleet = openFleet({
    core: member.core,
    checked,
    settings,
    runtime,
    log,
    standing,
    instance: () => instance,
    tabs
  });
  // The listener of probes alone can be asked for them.
  const metrics = checked.health
    ? require('./metrics').createMetrics({ role: checked.role, settings, standing, fleet, tabs })
    : undefined;
  const health = createHealth({
    options: checked.health,
    log,
    standing,
    more: metrics ? { '/metrics': metrics.answer } : {}
  });
  const streams = openStreams({ role: checked.role, settings, runtime, member, fleet: fleet.reader });
  const editor = require('./editor').openEditor({
    settings,
    runtime,
    log,
    role: checked.role,
    instance: () => instance,
    fleet: fleet.reader,
    streams: () => streams.showing
  });
  try {
    await health.open();
    instance = await openRole({
      settings,
      runtime,
      log,
      options,
      checked,
      member,
      placement,
      difference,
      onUpdate: metrics?.onUpdate
    });
  } catch (error) {
    takeBack(userDir);
    editor.close();
    fleet.close();
    standing.close();
    memory.close();
    placement.close();
    streams.close();
    await member.close();
    await health.close();
    throw error;
  }
  const { getFlows, saveFlows } = instance;
  current = {
    ...instance,
    getFlows() {
      const loaded = contextLoaded(userDir, log);
      return (loaded ? loaded.then(getFlows) : getFlows()).then(placement.checked);
    },
    async saveFlows(flows, user) {
      return saveFlows(placement.checked(flows), user);
    },
    async close() {
      takeBack(userDir);
      editor.close();
      fleet.close();
      standing.close();
      memory.close();
      await health.close();
      await instance.close();
      placement.close();
      streams.close();
      await member.close();
    }
  };
}

/**
 * Opens the storage for one Node-RED runtime. Rejects when an option is wrong; never because the
 * server is away.
 *
 * @param {Settings} settings
 * @param {Runtime} runtime
 */
async function init(settings, runtime) {
  try {
    await open(settings, runtime);
  } catch (error) {
    // Of an error that is meant for people, the place in the code says nothing.
    error.stack = PREFIX + (error.code ? `${error.code}: ${error.message}` : error.stack);
    setFailureExitCode();
    throw error;
  }
}

/** The opened admin or worker. */
function instance() {
  if (!current) {
    throw new Error('node-red-storage-valkey is not initialised: Node-RED calls init first');
  }
  return current;
}

/** Node-RED's own Projects on an admin; a worker has none. Read by Node-RED before `init`. */
function projects() {
  const settings = nodeRed.loadedSettings();
  const { role } = /** @type {{ role?: unknown }} */ ((settings && settings.valkey) || {});
  return role === 'admin' ? nodeRed.localStorage().projects : undefined;
}

module.exports = { init, instance, projects };
