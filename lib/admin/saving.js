'use strict';

const { asCredentials } = require('../flows/credentials');
const { nextTurn } = require('../flows/turn');
const { stamp } = require('./disk-files');
const { release } = require('./mirror');
const { refuseUnrunnable } = require('./runnable');

/**
 * @import { Log } from '../types/core'
 * @import { FlowNode, LocalStorage, StoredCredentials } from '../types/node-red'
 * @import { DiskFiles } from './disk-files'
 * @import { History } from '../history'
 * @import { createFlowFileRecord } from './flow-file-record'
 * @import { createJournal } from './journal'
 * @import { createLoading } from './loading'
 * @import { Mirror, Prepared } from './mirror'
 * @import { Notices } from './notices'
 * @import { RefusedDeploy } from './refused-deploy'
 * @import { Restoring } from './restoring'
 * @import { Secrets } from './secrets'
 * @import { createWrittenFlows } from './written-flows'
 */

/**
 * Credentials that are on the disk, and the secret that workers need for them.
 *
 * @typedef {{ text: string, secret: string | undefined }} SavedCredentials
 */

/**
 * Saves flows and credentials: on disk first, then to Valkey, as one pair. Waits for what is being
 * restored, and tells `restoring` and `refused` that there is something newer.
 *
 * @param {object} params
 * @param {Pick<LocalStorage, 'getCredentials' | 'saveCredentials'>} params.local
 * @param {ReturnType<typeof createWrittenFlows>} params.written
 * @param {DiskFiles} params.files
 * @param {ReturnType<typeof createFlowFileRecord>} params.flowFile
 * @param {Secrets} params.secrets
 * @param {ReturnType<typeof createJournal>} params.journal
 * @param {Pick<ReturnType<typeof createLoading>, 'ready'>} params.loading
 * @param {Mirror} params.mirror
 * @param {Restoring} params.restoring
 * @param {RefusedDeploy} params.refused
 * @param {Pick<Notices, 'end'>} params.notices
 * @param {Pick<History, 'deploying'>} params.history
 * @param {(preparing: Promise<Prepared>) => Promise<void>} [params.onWriting] the disk is at work on flows, and the event loop has nothing to do
 * @param {Log} params.log
 */
function createSaving({
  local,
  written,
  files,
  flowFile,
  secrets,
  journal,
  loading,
  mirror,
  restoring,
  refused,
  notices,
  history,
  onWriting = async () => {},
  log
}) {
  /** @type {SavedCredentials | null} */
  let alone = null; // credentials that were saved, until the flows that belong to them are
  /** @type {string | null} */
  let owed = null; // text of credentials that Node-RED takes for saved, until they are for good
  let count = 0;

  /** @param {SavedCredentials} saved */
  const mirrorAlone = async (saved) => {
    if (alone !== saved) {
      return;
    }
    alone = null;
    owed = null;
    // At once: flows that are deployed now go with them.
    mirror.noteWritten({ credentials: saved.text });
    await mirror.quietly(async () => {
      await end();
      // With a refused deploy they go when Node-RED has loaded it.
      if (mirror.onDisk().flows !== null && !refused.waits()) {
        await mirror.sendInBackground(saved.secret);
      }
    });
  };

  const begin = async () => {
    try {
      const paths = await files.current();
      if (paths) {
        await journal.begin(paths);
      }
    } catch (error) {
      log.warn(`a kill in the middle of this deploy could not be undone: ${error.message}`);
    }
  };

  /** Both files are written: whatever becomes of the journal, this is no reason to fail. */
  const end = async () => {
    try {
      await journal.end();
    } catch (error) {
      log.warn(`the journal of this deploy can't be removed: ${error.message}`);
    }
  };

  const rollBack = async () => {
    try {
      await journal.undo();
    } catch (error) {
      log.error(`credentials could not be rolled back: ${error.message}`);
    }
  };

  /** What is being restored is older: it must not come after. */
  const nothingIsRestored = () => Promise.all([loading.ready(), restoring.ready()]);

  /** @param {StoredCredentials} given */
  const credentials = async (given) => {
    count += 1;
    await nothingIsRestored();
    const text = JSON.stringify(asCredentials(given));
    owed = text;
    await begin();
    try {
      await local.saveCredentials(given);
    } catch (error) {
      await rollBack();
      throw error;
    }
    const saved = { text, secret: secrets.toShare() };
    alone = saved;
    // Node-RED saves the flows of the same deploy before this runs.
    setImmediate(() => void mirrorAlone(saved));
    return saved;
  };

  /**
   * @param {FlowNode[]} given
   * @param {object} [user]
   */
  const flows = async (given, user) => {
    // At once: after this turn, credentials still waiting count as saved alone.
    let saved = alone;
    alone = null;
    count += 1;
    // Node-RED has just compared them with those before, which takes a while for large ones, and the
    // texts of them do as well: the event loop has a turn between.
    await nextTurn();
    await nothingIsRestored();
    if (!saved && owed) {
      // Of a deploy that failed: Node-RED does not hand them over again.
      saved = await credentials(JSON.parse(owed));
      alone = null;
    }
    const paths = await files.current();
    const before = paths && (await stamp(paths.flows));
    let failure = null;
    /** @type {Promise<Prepared> | undefined} */
    let preparing;
    try {
      refuseUnrunnable(given, log);
      const saving = written.save(given, user);
      // While the disk writes.
      preparing = mirror.prepare(saving.text, given);
      // Whatever it meets, Node-RED meets as well once these are saved.
      onWriting(preparing).catch(() => {});
      await saving.written;
    } catch (error) {
      void preparing?.then(release);
      // A Project's automatic commit can fail after the file was written.
      if (!paths || (await stamp(paths.flows)) === before) {
        await rollBack();
        throw error;
      }
      failure = error;
    }
    await end();
    owed = null;
    await restoring.forget();
    await flowFile.remember();
    if (failure) {
      // Node-RED goes on with what it ran, and so do workers, until it loads what the disk has. Of the
      // credentials it takes the new ones for saved, and does not hand them over with the next flows.
      mirror.noteWritten(saved ? { credentials: saved.text } : {});
      log.warn(
        `the flows are on disk, but they were not deployed (${failure.message}): this admin and the workers run what they ran, until it is deployed again or loaded`
      );
      throw failure;
    }
    const prepared = /** @type {Prepared} */ (await preparing);
    mirror.noteWritten({ flows: prepared, ...(saved ? { credentials: saved.text } : {}) });
    if (mirror.onDisk().credentials === null) {
      mirror.noteWritten({ credentials: JSON.stringify(asCredentials(await local.getCredentials())) });
    }
    refused.end();
    notices.end('held');
    const send = async () => {
      history.deploying(user);
      try {
        await mirror.send(saved ? saved.secret : secrets.toShare());
      } catch (error) {
        if (error.code === 'ERR_VALKEY_OTHER_ADMIN') {
          refused.begin();
        }
        throw error;
      }
    };
    return send();
  };

  return {
    credentials,
    flows,
    /** Rises with every save, so that a load can tell that it was overtaken. */
    count: () => count
  };
}

module.exports = { createSaving };
