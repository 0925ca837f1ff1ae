'use strict';

const { createNotes } = require('./notes');

/**
 * @import { Secrets } from '../admin/secrets'
 * @import { AdminCore } from '../types/core'
 * @import { AskedHistory } from '../types/history'
 * @import { Runtime } from '../types/node-red'
 * @import { createRollback } from './rollback'
 */

/** @typedef {ReturnType<typeof createHistory>} History */

/**
 * The history of an admin's deploys, beside Node-RED: who has deployed what, and how an earlier deploy is brought back.
 * What is kept, the core knows.
 *
 * @param {object} params
 * @param {AdminCore} params.core
 * @param {Runtime} params.runtime
 * @param {Secrets} params.secrets
 * @param {() => string | undefined} params.project name of the Project that is open
 */
function createHistory({ core, runtime, secrets, project }) {
  const notes = createNotes({ core, runtime, hasProject: () => project() !== undefined });
  /** @type {ReturnType<typeof createRollback> | undefined} */
  let rollback;

  return {
    deploying: notes.deploying,
    beforeSend: notes.beforeSend,
    close: notes.close,

    /**
     * What the editor and the command line may ask for.
     *
     * @type {AskedHistory}
     */
    asked: {
      entries: core.historyEntries,
      difference: core.historyDifference,
      annotate: core.annotateHistory,
      rollback(...wanted) {
        rollback ??= require('./rollback').createRollback({ core, runtime, secrets, notes, project });
        return rollback(...wanted);
      }
    }
  };
}

module.exports = { createHistory };
