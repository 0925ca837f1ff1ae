'use strict';

const { checkOptions, openContextCore } = require('../binding/core');
const { setFailureExitCode } = require('../exit-code');
const { createLog } = require('../log');
const nodeRed = require('../node-red');
const { optionsAsText } = require('../options');
const { createCleaning } = require('./cleaning');
const { addStore, handedOver, openedStores, removeStore } = require('./handover');
const { createLocal } = require('./local');
const { hasOwnOptions, storeName, storeOptions } = require('./options');

/**
 * @import { AdminHealth } from '../../binding'
 * @import { StoreConfig } from './options'
 */

/** Node-RED has no HTTP server until every store is open: that is not held up for longer, in ms. */
const OPEN_WITHIN = 2000;

/** What is unsent at the end has so long to be sent or written to the disk, in ms. */
const CLOSE_WITHIN = 2000;

/**
 * How the log says where the values come from.
 *
 * @type {Record<string, string>}
 */
const ORIGINS = {
  server: 'read from Valkey',
  copy: 'Valkey is away: read from the copy on disk',
  nothing: 'Valkey is away and there is no copy on disk: flows wait for the values'
};

/**
 * Waits for no longer than that; never rejects.
 *
 * @param {Promise<unknown>} promise
 * @param {number} ms
 */
function atMost(promise, ms) {
  /** @type {NodeJS.Timeout | undefined} */
  let timer;
  const late = new Promise((resolve) => {
    timer = setTimeout(resolve, ms);
  });
  return Promise.race([promise.catch(() => {}), late]).finally(() => clearTimeout(timer));
}

/**
 * A context store, as Node-RED's factory makes one: values are shared between all instances on a key prefix. Throws
 * when an option is wrong.
 *
 * @param {StoreConfig} config
 * @param {unknown} factory what `contextStorage` names as its module
 */
function createContextStore(config, factory) {
  try {
    return openContextStore(config, factory);
  } catch (error) {
    if (error.code) {
      // All that Node-RED shows of it.
      error.message = `${error.code}: ${error.message}`;
    }
    setFailureExitCode();
    throw error;
  }
}

/**
 * @param {StoreConfig} config
 * @param {unknown} factory
 */
function openContextStore(config, factory) {
  const userDir = config.settings?.userDir;
  const place = userDir ?? '';
  const handover = handedOver(userDir);
  const options = optionsAsText(storeOptions(config, handover));
  const checked = checkOptions(options.text);
  const log = handover?.log ?? createLog(nodeRed.log());
  if (hasOwnOptions(config)) {
    // The storage module has said already what is to be said of its own.
    checked.notices.forEach(({ level, text }) => log[level](`context: ${text}`));
  }
  const name = storeName(
    config,
    factory,
    openedStores(place).map((store) => store.name)
  );

  const core = openContextCore({
    options,
    userDir: handover?.readOnly ? undefined : userDir,
    name,
    log,
    // Called by the event loop: not before this function has ended.
    changed: (scopes, keys) => local.changed(scopes, keys)
  });
  const local = createLocal({ core, util: nodeRed.expressionUtil(), log });
  const cleaning = createCleaning({
    adminHealth: () => /** @type {AdminHealth | null} */ (handover?.instance()?.health() ?? null),
    clean: core.clean
  });
  const isAdmin = checked.role === 'admin';
  let isLoaded = false;
  const loaded = core.background.loaded().then(() => {
    isLoaded = true;
  });
  loaded.catch(() => {});
  /** @type {Promise<void> | undefined} */
  let closing;

  addStore(place, { name, loaded, isLoaded: () => isLoaded, health: core.health });

  const close = async () => {
    cleaning.close();
    local.flush();
    local.cache.tellOfChangesInPlace();
    removeStore(place, name);
    await atMost(core.close(), CLOSE_WITHIN);
  };

  return {
    /** Never rejects: Node-RED would end. */
    async open() {
      const opening = core.open().then((origin) => log.info(`context '${name}': ${ORIGINS[origin]}`));
      opening.catch((error) => log.error(`context '${name}': ${error.message}`));
      await atMost(opening, OPEN_WITHIN);
    },

    /** Node-RED asks each store twice that is the default one. */
    close() {
      closing ??= close();
      return closing;
    },

    get: local.get,
    set: local.set,
    keys: local.keys,

    /** @param {string} scope `'global'`, when another Project is opened */
    async delete(scope) {
      if (isAdmin && cleaning.holdsLease()) {
        local.flush();
        core.deleteScope(scope);
        local.forget(scope);
      }
    },

    /** @param {string[]} known the ids of nodes and flows that there are */
    async clean(known) {
      if (isAdmin) {
        cleaning.ask(known);
      }
    }
  };
}

module.exports = { createContextStore };
