'use strict';

const { createSerialQueue } = require('../serial-queue');

/**
 * @import { RuntimeWatch } from '../flows/runtime-watch'
 * @import { AdminCore, Log } from '../types/core'
 * @import { LocalStorage, Runtime } from '../types/node-red'
 * @import { DiskFiles } from './disk-files'
 * @import { createLoading, Pair } from './loading'
 * @import { createLostRecord, Lost, LostRecord } from './lost-record'
 * @import { Mirror } from './mirror'
 * @import { RefusedDeploy } from './refused-deploy'
 * @import { Secrets } from './secrets'
 * @import { Stored } from './stored'
 */

/**
 * What the disk has lost, and the pair that runs meanwhile; `newer`: of an earlier loss, what Valkey holds is older
 * than that pair, and is kept in a backup whatever is restored beside it.
 *
 * @typedef {Lost & { pair: Pair, newer?: boolean }} Missing
 */

/** @typedef {ReturnType<typeof createRestoring>} Restoring */

/**
 * What of an earlier loss is to be restored still: nothing once something was deployed. Edited flows take the place
 * of those that were lost, but have no credentials of their own.
 *
 * @param {LostRecord | null} earlier
 */
const stillOpen = (earlier) => (earlier && !earlier.replaced && !(earlier.flows && earlier.edited) ? earlier : null);

/**
 * What the disk had lost at a start while Valkey was away: put back when Valkey can be asked,
 * unless something has been deployed meanwhile.
 *
 * @param {object} params
 * @param {AdminCore} params.core
 * @param {LocalStorage} params.local
 * @param {DiskFiles} params.files
 * @param {ReturnType<typeof createLostRecord>} params.record
 * @param {ReturnType<typeof createLoading>} params.loading
 * @param {Secrets} params.secrets
 * @param {Mirror} params.mirror
 * @param {Pick<RefusedDeploy, 'nothingIsSaved' | 'isSaving'>} params.refused
 * @param {Runtime} params.runtime
 * @param {Pick<RuntimeWatch, 'started'>} params.watch
 * @param {Log} params.log
 */
function createRestoring({ core, local, files, record, loading, secrets, mirror, refused, runtime, watch, log }) {
  /** @type {Missing | null} */
  let lost = null;
  const attempts = createSerialQueue();
  const writes = createSerialQueue();

  /**
   * The shared settings, on a disk that had none.
   *
   * @param {Stored} stored
   */
  const takeSettings = async (stored) => {
    /** @type {{ users?: Record<string, object>, nodes?: Record<string, { nodes?: Record<string, { enabled?: boolean }> }> }} */
    const { users, nodes } = JSON.parse(stored.settings);
    for (const [user, itsSettings] of Object.entries(users || {})) {
      if (Object.keys(runtime.settings.getUserSettings(user) || {}).length === 0) {
        await runtime.settings.setUserSettings(user, itsSettings);
      }
    }
    for (const [module, { nodes: sets }] of Object.entries(nodes || {})) {
      for (const [name, { enabled }] of Object.entries(sets || {})) {
        if (enabled === false) {
          await runtime.nodes.disableNode(`${module}/${name}`).catch((error) => log.debug(error.message));
        }
      }
    }
  };

  /**
   * Says what was restored, or null when Valkey has nothing better than the disk.
   *
   * @param {Stored} stored
   * @param {Missing} missing
   */
  const onDisk = async (stored, { flows, credentials, fresh, pair }) => {
    const sharedSecret = JSON.parse(stored.settings)._credentialSecret;
    const theirs = JSON.parse(stored.credentials);
    if (flows || (credentials && loading.belongs(stored) && stored.credentials !== '{}')) {
      await secrets.adopt(sharedSecret);
      await local.saveCredentials(secrets.fit(theirs, sharedSecret));
      if (!flows) {
        return 'credentials were';
      }
      if (fresh) {
        await takeSettings(stored).catch((error) => log.warn(`settings were not restored: ${error.message}`));
      }
      await local.saveFlows(JSON.parse(stored.flows));
      return 'flows and credentials were';
    }
    return (await loading.adoptFitting(stored, pair.credentials)) ? 'the secret of the credentials was' : null;
  };

  /**
   * Runs `task` while nothing is saved: a deploy waits for it, and it for a deploy.
   *
   * @template T
   * @param {() => Promise<T>} task
   * @returns {Promise<T>}
   */
  const besideNoSave = async (task) => {
    for (;;) {
      // Not in the queue, where a save under way would wait for this.
      await refused.nothingIsSaved();
      // One that has begun since may have found the queue empty.
      const done = await writes.run(async () => (refused.isSaving() ? null : { result: await task() }));
      if (done) {
        return done.result;
      }
    }
  };

  /**
   * Whether the disk has now what Valkey holds; null when something was deployed instead, also before.
   *
   * @param {Stored | null} stored
   * @param {Missing} missing
   */
  const putBack = async (stored, missing) => {
    const restored = await besideNoSave(async () => (stored && lost === missing ? onDisk(stored, missing) : null));
    if (lost !== missing) {
      return null;
    }
    if (!missing.newer) {
      await record.end();
    }
    lost = null;
    if (!stored || !restored) {
      mirror.mirrorLoaded(missing.pair);
      return null;
    }
    log.warn(`Valkey is back: ${restored} restored from it (revision ${stored.revision})`);
    try {
      // Forced, it would end safe mode.
      await runtime.nodes.loadFlows(!runtime.settings.safeMode);
    } catch (error) {
      log.error(`what was restored can't be loaded: ${error.message}`);
    }
    return missing.newer ? null : true;
  };

  /** The core keeps what Valkey holds in a backup at each deploy until it hears of a success. */
  const attemptOnce = async () => {
    const stored = core.takeRestorable();
    // A load beside Node-RED's own first one would be undone by its end.
    await watch.started;
    const missing = lost;
    if (!missing) {
      return;
    }
    try {
      if (await putBack(stored, missing)) {
        core.restored(true);
      }
    } catch (error) {
      if (lost === missing) {
        core.restored(false);
      }
      throw new Error(`${error.message}; what Valkey holds is not on this disk yet, trying again`);
    }
  };

  return {
    /**
     * Looks at what a load had to do without, now or at an earlier start. What is not known to be
     * the newest is not mirrored (`pair.mirror`).
     *
     * @param {Pair} pair
     */
    async consider(pair) {
      if (pair.restored) {
        core.diskHasRestored();
      }
      const paths = await files.current();
      const earlier = await record.read(paths);
      const missing = pair.lost || earlier;
      lost = null;
      if (!missing) {
        return;
      }
      core.diskHasLost(missing.flows || Boolean(earlier?.flows));
      const open = stillOpen(earlier);
      if (pair.lost && !pair.lost.flows && pair.lost.credentials && earlier?.replaced) {
        // The credentials in Valkey are older than these flows: a backup on this disk, or none, is nearer to them.
        await record.replaced();
        pair.mirror = pair.lost.usable;
      } else if (pair.lost) {
        // What was lost before and has not been seen since is missing as well.
        const all = {
          flows: pair.lost.flows || Boolean(open?.flows),
          credentials: pair.lost.credentials || Boolean(open?.credentials),
          fresh: pair.lost.fresh || Boolean(open?.fresh)
        };
        const newer = !pair.lost.flows && earlier !== null && !open;
        // Else the record says already that these flows are newer.
        if (!newer) {
          await record.begin(all, paths);
        }
        lost = { ...all, newer, pair: { ...pair, mirror: pair.lost.usable } };
      } else if (open) {
        lost = { ...open, pair: { ...pair } };
        pair.mirror = false;
      }
    },

    /** Something was deployed: that is what counts now. */
    async forget() {
      lost = null;
      await record.replaced();
    },

    /** Resolves when nothing is being written here. */
    ready: writes.idle,

    /** Valkey can be asked. */
    restore: () => attempts.run(attemptOnce)
  };
}

module.exports = { createRestoring };
