'use strict';

const path = require('node:path');

const { asCredentials, isCredentials } = require('../flows/credentials');
const { createSerialQueue } = require('../serial-queue');
const { backupOf, inspect, isFlows, setAside, stamp } = require('./disk-files');
const { opensWith } = require('./secrets');

/**
 * @import { LocalStorage, FlowNode, StoredCredentials } from '../types/node-red'
 * @import { Log } from '../types/core'
 * @import { DiskFiles, Inspected, Paths } from './disk-files'
 * @import { createFlowFileRecord } from './flow-file-record'
 * @import { Lost } from './lost-record'
 * @import { Secrets } from './secrets'
 * @import { Stored } from './stored'
 */

const NOTHING = 'there is nothing to restore it from';
/**
 * What was read counts for nothing any more: nobody runs it.
 *
 * @type {Pair}
 */
const OVERTAKEN = { flows: [], credentials: {}, mirror: false, lost: null };

/**
 * What is loaded: the pair to run; whether it may be mirrored; and, when Valkey could not be asked although it should
 * have been, what was lost and whether the pair is usable all the same.
 *
 * @typedef {object} Pair
 * @property {FlowNode[]} flows
 * @property {StoredCredentials} credentials
 * @property {boolean} mirror
 * @property {(Lost & { usable: boolean }) | null} lost
 * @property {boolean} [restored] the disk has both from Valkey
 */

/** @typedef {{ stored: Stored | null, away: boolean }} Answer */
/** @typedef {() => Promise<Stored | null>} FetchStored null: Valkey holds nothing; rejects when it is away */

/**
 * `first`: it is the first load of this process; `isOvertaken()`: something was saved since it began.
 *
 * @typedef {{ fetchStored: FetchStored, first: boolean, isOvertaken?: () => boolean }} LoadParams
 */

/**
 * What was found on the disk, and what Valkey has answered.
 *
 * @typedef {object} Found
 * @property {Inspected} flows
 * @property {Inspected} credentials
 * @property {Paths} paths
 * @property {Answer} answer
 * @property {() => boolean} isOvertaken
 */

/**
 * Loads flows and credentials from disk as one pair, and sees to it that a file that is missing
 * or broken is neither run as an empty deploy nor mirrored as one: it is restored from Valkey,
 * or from Node-RED's own backup.
 *
 * @param {object} params
 * @param {LocalStorage} params.local
 * @param {DiskFiles} params.files
 * @param {ReturnType<typeof createFlowFileRecord>} params.flowFile
 * @param {Secrets} params.secrets
 * @param {Log} params.log
 */
function createLoading({ local, files, flowFile, secrets, log }) {
  const writes = createSerialQueue();

  /**
   * Whether what Valkey holds belongs to the Project (or to no Project) that is loaded.
   *
   * @param {Stored} stored
   * @param {boolean} fromAnyProject
   */
  const belongs = (stored, fromAnyProject) => {
    const project = files.activeProject();
    return project ? stored.project === project.name : fromAnyProject || !stored.project;
  };

  /** @param {Stored} stored */
  const sourceOf = (stored) => stored.source || `Valkey (revision ${stored.revision})`;

  /** @param {Stored} stored */
  const credentialsIn = (stored) => {
    const theirs = JSON.parse(stored.credentials);
    return secrets.fit(theirs, JSON.parse(stored.settings)._credentialSecret);
  };

  /**
   * What Valkey holds; a value that can't be used is as good as none.
   *
   * @param {FetchStored} fetchStored
   * @returns {Promise<Answer>}
   */
  const ask = async (fetchStored) => {
    try {
      return { stored: await fetchStored(), away: false };
    } catch (error) {
      const isUnusable = error.code === 'ERR_VALKEY_VALUE';
      if (isUnusable) {
        log.error(error.message);
      }
      return { stored: null, away: !isUnusable };
    }
  };

  /**
   * Whether the disk took what was restored; it is run all the same. Nothing when a save is newer.
   *
   * @param {() => boolean} isOvertaken
   * @param {string[]} damaged files
   * @param {() => Promise<unknown>} save
   */
  const written = async (isOvertaken, damaged, save) => {
    if (isOvertaken()) {
      return false;
    }
    const write = async () => {
      for (const file of damaged) {
        await setAside(file);
      }
      await save();
    };
    try {
      await writes.run(write);
      return true;
    } catch (error) {
      log.error(`what was restored can't be written (${error.message}): it runs all the same, the disk needs mending`);
      return false;
    }
  };

  /** Local storage can't save to a Project that it has not loaded, and loads it with its flows. */
  const loadProject = async () => {
    const project = files.activeProject();
    if (project && project.loaded === false) {
      await local.getFlows();
    }
  };

  /**
   * The credentials beside flows from a backup: those on disk, or their own backup.
   *
   * @param {string} file
   * @returns {Promise<StoredCredentials>}
   */
  const credentialsForBackup = async (file) => {
    const onDisk = await inspect(file, isCredentials);
    const usable = onDisk.state === 'ok' ? onDisk : await inspect(backupOf(file), isCredentials);
    return usable.state === 'ok' ? usable.value : {};
  };

  /**
   * Flows and credentials for a disk without flows, and what to say of them; null: none.
   *
   * @param {Stored | null} stored
   * @param {Paths} paths
   * @returns {Promise<{ flows: FlowNode[], credentials: StoredCredentials, text: string } | null>}
   */
  const replacement = async (stored, { flows, credentials }) => {
    if (stored) {
      return {
        flows: JSON.parse(stored.flows),
        credentials: credentialsIn(stored),
        text: `flows and credentials were restored from ${sourceOf(stored)}`
      };
    }
    const backup = await inspect(backupOf(flows), isFlows);
    return backup.state !== 'ok'
      ? null
      : {
          flows: backup.value,
          credentials: await credentialsForBackup(credentials),
          text: "restored from Node-RED's backup, which is one deploy older"
        };
  };

  /** @param {Array<[file: string, found: Inspected]>} inspected */
  const damagedOf = (...inspected) =>
    inspected.filter(([, { state }]) => state !== 'ok' && state !== 'missing').map(([file]) => file);

  /**
   * The disk has no flows that can be run.
   *
   * @param {Found} found
   * @returns {Promise<Pair>}
   */
  const loadWithoutFlows = async ({ flows, credentials, paths, answer, isOvertaken }) => {
    const fresh = flows.state === 'missing';
    const name = path.basename(paths.flows);
    const stored = answer.stored && belongs(answer.stored, fresh) ? answer.stored : null;
    await loadProject();
    const found = await replacement(stored, paths);
    /** @param {boolean} usable */
    const lost = (usable) => (answer.away ? { flows: true, credentials: true, fresh, usable } : null);
    if (!found) {
      if (!fresh) {
        log.error(`${name} ${flows.detail} and ${NOTHING}: starting without flows, nothing is mirrored`);
      }
      return {
        flows: await local.getFlows(),
        credentials: await local.getCredentials(),
        mirror: false,
        lost: lost(false)
      };
    }
    // A new disk has now what it should; one that had a file before has lost it.
    const isNew = fresh && stored && !files.activeProject() && !(await flowFile.isKnown());
    log[isNew ? 'warn' : 'error'](`${name} ${flows.detail}: ${found.text}`);
    const damaged = damagedOf([paths.flows, flows], [paths.credentials, credentials]);
    const isWritten = await written(isOvertaken, damaged, async () => {
      await local.saveCredentials(found.credentials);
      await local.saveFlows(found.flows);
    });
    await local.getFlows(); // tells its log where the files are, and knows from then on
    return {
      flows: found.flows,
      credentials: found.credentials,
      mirror: isWritten && !answer.away,
      lost: lost(isWritten),
      restored: isWritten && stored !== null && stored.source === undefined
    };
  };

  /**
   * The flows are there, the credentials that belong to them are not.
   *
   * @param {Found} found
   * @returns {Promise<Pair>}
   */
  const loadWithoutCredentials = async ({ credentials, paths, answer, isOvertaken }) => {
    const name = path.basename(paths.credentials);
    const stored = answer.stored && belongs(answer.stored, false) ? answer.stored : null;
    await loadProject();
    const flows = await local.getFlows();
    /** @param {boolean} usable */
    const lost = (usable) => (answer.away ? { flows: false, credentials: true, fresh: false, usable } : null);
    const backup = await inspect(backupOf(paths.credentials), isCredentials);
    const fromValkey = stored && stored.credentials !== '{}';
    if (!fromValkey && backup.state !== 'ok') {
      // Node-RED writes the file only once there are credentials.
      const usable = credentials.state === 'missing';
      if (!usable) {
        log.error(`${name} ${credentials.detail} and ${NOTHING}: starting without credentials, nothing is mirrored`);
      }
      return { flows, credentials: await local.getCredentials(), mirror: usable && !answer.away, lost: lost(usable) };
    }
    log.error(
      `${name} ${credentials.detail}: ${
        fromValkey
          ? `credentials were restored from ${sourceOf(stored)}`
          : "restored from Node-RED's backup, which is one deploy older"
      }`
    );
    const restored = fromValkey ? credentialsIn(stored) : backup.value;
    const isWritten = await written(isOvertaken, damagedOf([paths.credentials, credentials]), () =>
      local.saveCredentials(restored)
    );
    return { flows, credentials: restored, mirror: isWritten && !answer.away, lost: lost(isWritten) };
  };

  /**
   * settings.js names another flow file than before, which is still there: as Node-RED starts then.
   *
   * @param {string} before
   * @param {Paths} paths
   * @returns {Promise<Pair>}
   */
  const loadRenamed = async (before, { flows }) => {
    log.warn(
      `${path.basename(flows)} is missing, and ${path.basename(before)}, which was used before, is still there: 'flowFile' names another file now, so this starts without flows, as Node-RED does. Workers keep what they run until something is deployed here. To go on with the flows from before, rename the file and its credentials (or set 'flowFile' back) and restart`
    );
    return { flows: await local.getFlows(), credentials: await local.getCredentials(), mirror: false, lost: null };
  };

  /**
   * @param {Required<LoadParams>} params
   * @returns {Promise<Pair>}
   */
  const loadFromDisk = async ({ fetchStored, first, isOvertaken }) => {
    const paths = await files.current();
    /** @type {string | null} */
    let usable = null; // the stamp of a flow file that was found to be whole
    if (paths) {
      const seen = await stamp(paths.flows);
      const [flows, credentials] = await Promise.all([
        inspect(paths.flows, isFlows),
        inspect(paths.credentials, isCredentials)
      ]);
      usable = flows.state === 'ok' ? seen : null;
      const before = flows.state === 'missing' ? await flowFile.renamedFrom() : null;
      if (before) {
        return loadRenamed(before, paths);
      }
      // A Project that is switched to may well have no flow file yet; that is no loss.
      const isLost = flows.state !== 'ok' && (flows.state !== 'missing' || first || !files.activeProject());
      if (isLost || (flows.state === 'ok' && credentials.state !== 'ok')) {
        const answer = await ask(fetchStored);
        if (isOvertaken()) {
          return OVERTAKEN;
        }
        const found = { flows, credentials, paths, answer, isOvertaken };
        return isLost ? loadWithoutFlows(found) : loadWithoutCredentials(found);
      }
    }
    const pair = { flows: await local.getFlows(), credentials: await local.getCredentials() };
    const now = paths || (await files.current());
    const isUnchanged = usable !== null && now !== null && (await stamp(now.flows)) === usable;
    const mirror = isUnchanged || (now !== null && (await inspect(now.flows, isFlows)).state === 'ok');
    return { ...pair, mirror, lost: null };
  };

  /**
   * Takes the secret over from Valkey when it is the one that decrypts what is on disk.
   *
   * @param {Stored} stored
   * @param {unknown} credentials
   */
  const adoptFitting = async (stored, credentials) => {
    const secret = JSON.parse(stored.settings)._credentialSecret;
    return !secrets.opens(credentials) && opensWith(credentials, [secret]) && secrets.adopt(secret);
  };

  return {
    adoptFitting,
    /** @param {Stored} stored */
    belongs: (stored) => belongs(stored, false),

    /** Resolves when nothing is being written here. */
    ready: writes.idle,

    /**
     * Once something has been saved meanwhile (`isOvertaken()`), the disk is left alone, and the
     * pair is not to be used.
     *
     * @param {LoadParams} params
     * @returns {Promise<Pair>}
     */
    async load({ fetchStored, first, isOvertaken = () => false }) {
      const found = await loadFromDisk({ fetchStored, first, isOvertaken });
      await flowFile.remember();
      const pair = { ...found, credentials: asCredentials(found.credentials) };
      if (pair.lost || secrets.opens(pair.credentials)) {
        return pair;
      }
      const { stored, away } = await ask(fetchStored);
      if (stored && (await adoptFitting(stored, pair.credentials))) {
        log.error('the secret that decrypts the credentials was lost on this disk: it was restored from Valkey');
      }
      return away
        ? { ...pair, mirror: false, lost: { flows: false, credentials: false, fresh: false, usable: pair.mirror } }
        : pair;
    }
  };
}

module.exports = { createLoading };
