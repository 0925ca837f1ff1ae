'use strict';

const { missingTypes } = require('./reload/hold');

/**
 * Has a deploy wait for packages that are being installed, the old one running on, for at most
 * `patience` ms in all, however many deploys come meanwhile.
 */
function createPackageWait({ core, runtime, patience, log }) {
  let waited = null; // id of the deploy that has waited for as long as it can, or as it needs to
  let since = null;

  const getType = (type) => runtime.nodes.getType(type);

  return {
    /**
     * Whether this deploy is to wait. `again()` is called when it has. The core keeps it until
     * then, and goes on looking for a newer one.
     */
    begins(stored, flows, again) {
      if (waited === stored.id || missingTypes(flows, getType).length === 0) {
        return false;
      }
      const now = Date.now();
      since = since === null ? now : since;
      const left = since + patience - now;
      if (left <= 0) {
        return false;
      }
      log.debug(`revision ${stored.revision} uses types that are not here: looking for their packages`);
      core().waiting(stored.id);
      core().packagesSettled(left).then((settled) => {
        if (!settled) {
          log.warn(`revision ${stored.revision} waits no longer for its packages ('packageSyncTimeout')`);
        }
        waited = stored.id;
        again();
      }, () => {}); // closed meanwhile
      return true;
    },

    /** A deploy was applied, or will not be: the next one has all the time again. */
    over() {
      waited = null;
      since = null;
    }
  };
}

module.exports = { createPackageWait };
