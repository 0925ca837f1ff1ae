'use strict';

const { modulesToInstall } = require('./npm/flow-modules');
const { missingTypes } = require('../flows/missing-types');

/**
 * @import { StoredDeploy } from '../../binding'
 * @import { Log, WorkerCore } from '../types/core'
 * @import { FlowNode, Runtime, Settings } from '../types/node-red'
 */

/**
 * Has a deploy wait, the old one running on, for at most `patience` ms in all, however many
 * deploys come meanwhile: for packages that are being installed, and for npm when Node-RED will
 * need it to start the flows (it stops the nodes first).
 *
 * `packagesSettled(ms)` tells whether all packages came, `waitForNpm(ms)` whether no npm runs any more;
 * `missing()` gives the packages that are still to come.
 *
 * @param {object} params
 * @param {Pick<WorkerCore, 'waiting'>} params.core
 * @param {Runtime} params.runtime
 * @param {Settings} params.settings
 * @param {number} params.patience
 * @param {Log} params.log
 * @param {(ms: number) => Promise<boolean>} params.packagesSettled
 * @param {(ms: number) => Promise<boolean>} params.waitForNpm
 * @param {() => string[] | null} [params.missing]
 */
function createPackageWait({
  core,
  runtime,
  settings,
  patience,
  log,
  packagesSettled,
  waitForNpm,
  missing = () => null
}) {
  /** @type {string | null} */
  let waited = null; // id of the deploy that has waited for as long as it can, or as it needs to
  /** @type {number | null} */
  let since = null;
  /** @type {{ end: () => void } | null} */
  let current = null; // the wait that counts
  /** @type {Set<string>} */
  const vain = new Set(); // types that did not come within the time
  /** @type {string | undefined} */
  let vainMissing; // the packages that were still to come then

  /** @param {string} type */
  const getType = (type) => runtime.nodes.getType(type);
  const stillMissing = () => JSON.stringify(missing());
  /** @param {FlowNode[]} flows */
  const awaited = (flows) => missingTypes(flows, getType).filter((type) => !vain.has(type));

  /**
   * Resolves with true when the types are there, or all packages, or with false when time is over.
   *
   * @param {FlowNode[]} flows
   * @param {number} left ms
   * @param {{ end: () => void }} wait
   * @returns {Promise<boolean>}
   */
  const typesCome = (flows, left, wait) => {
    /** @type {Promise<boolean>} */
    const registered = new Promise((resolve) => {
      const onType = () => {
        if (awaited(flows).length === 0) {
          resolve(true);
        }
      };
      runtime.events.on('type-registered', onType);
      wait.end = () => runtime.events.removeListener('type-registered', onType);
    });
    return Promise.race([registered, packagesSettled(left)]);
  };

  const end = () => {
    if (current) {
      current.end();
      current = null;
    }
  };

  /** @param {string[]} types */
  const remember = (types) => {
    types.forEach((type) => vain.add(type));
    vainMissing = stillMissing();
  };

  const forget = () => vain.clear();

  return {
    /**
     * Has this deploy wait if it has to, and returns whether it does. `again()` is called when it
     * has waited. The core keeps it until then, and goes on looking for a newer one.
     *
     * @param {Pick<StoredDeploy, 'id' | 'revision'>} stored
     * @param {FlowNode[]} flows
     * @param {() => void} again
     */
    postpone(stored, flows, again) {
      if (waited === stored.id) {
        return false;
      }
      if (vain.size > 0 && stillMissing() !== vainMissing) {
        forget();
      }
      const types = awaited(flows);
      const modules = modulesToInstall(flows, settings);
      if (types.length === 0 && modules.length === 0) {
        return false;
      }
      const now = Date.now();
      since = since === null ? now : since;
      const left = since + patience - now;
      if (left <= 0) {
        return false;
      }
      end();
      const wait = { end() {} };
      current = wait;
      if (types.length > 0) {
        log.debug(`revision ${stored.revision} uses types that are not here: looking for their packages`);
      }
      core.waiting(stored.id);
      Promise.all([types.length === 0 || typesCome(flows, left, wait), modules.length === 0 || waitForNpm(left)]).then(
        ([haveCome, isFree]) => {
          if (current !== wait) {
            return;
          }
          end();
          if (!haveCome) {
            log.warn(`revision ${stored.revision} waits no longer for its packages ('packageSyncTimeout')`);
            remember(types);
          } else if (!isFree) {
            log.warn(`revision ${stored.revision} waits no longer for npm, which it needs for ${modules.join(', ')}`);
          }
          waited = stored.id;
          again();
        },
        () => {}
      ); // closed meanwhile
      return true;
    },

    /** A deploy was applied, or will not be: the next one has all the time again. */
    over() {
      end();
      waited = null;
      since = null;
    },

    /** Packages have come: what was waited for in vain may be next. */
    packagesCame: forget,

    close: end
  };
}

module.exports = { createPackageWait };
