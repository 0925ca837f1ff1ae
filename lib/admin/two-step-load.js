'use strict';

const { mayBeMirrored } = require('./runnable');

/**
 * @import { Log } from '../types/core'
 * @import { LocalStorage } from '../types/node-red'
 * @import { createPackageChanges } from '../packages/palette/changes'
 * @import { DiskFiles } from './disk-files'
 * @import { createLoading } from './loading'
 * @import { createMirror } from './mirror'
 * @import { Notices } from './notices'
 * @import { createRefusedDeploy } from './refused-deploy'
 * @import { createRestoring } from './restoring'
 * @import { createSaving } from './saving'
 * @import { createSettingsFiles } from './settings-files'
 * @import { createStored } from './stored'
 */

/**
 * A load as Node-RED does it, at its start and whenever a user has it load again: it asks for the
 * flows, then for the credentials. Both are of one pair, which is mirrored once it has both.
 *
 * @param {object} parts
 * @param {LocalStorage} parts.local
 * @param {DiskFiles} parts.files
 * @param {ReturnType<typeof createLoading>} parts.loading
 * @param {ReturnType<typeof createStored>} parts.stored
 * @param {ReturnType<typeof createSettingsFiles>} parts.settingsFiles
 * @param {ReturnType<typeof createRestoring>} parts.restoring
 * @param {ReturnType<typeof createSaving>} parts.saving
 * @param {ReturnType<typeof createRefusedDeploy>} parts.refused
 * @param {ReturnType<typeof createMirror>} parts.mirror
 * @param {ReturnType<typeof createPackageChanges>} parts.packageChanges
 * @param {Notices} parts.notices
 * @param {Log} parts.log
 */
function createTwoStepLoad({
  local,
  files,
  loading,
  stored,
  settingsFiles,
  restoring,
  saving,
  refused,
  mirror,
  packageChanges,
  notices,
  log
}) {
  let first = true;
  /** @type {{ pair: Awaited<ReturnType<typeof loading.load>>, savesBefore: number } | null} between the two steps */
  let loaded = null;

  /** Reads the pair, and again as long as something is saved meanwhile: that is newer, and it is what is to run. */
  const read = async () => {
    for (;;) {
      await refused.nothingIsSaved();
      const savesBefore = saving.count();
      const isOvertaken = () => saving.count() !== savesBefore;
      const pair = await loading.load({ fetchStored: stored.fetch, first, isOvertaken });
      if (isOvertaken()) {
        continue;
      }
      if (settingsFiles.projectIsUnknown() && !files.activeProject()) {
        log.error(
          'the active Project is not known any more: what is loaded in its place is not mirrored until a Project is opened (or .config.projects.json.damaged removed)'
        );
        Object.assign(pair, { mirror: false, lost: null });
      }
      pair.mirror = mayBeMirrored(pair.flows, { log, notices }) && pair.mirror;
      await restoring.consider(pair);
      if (!isOvertaken()) {
        return { pair, savesBefore };
      }
    }
  };

  return {
    async flows() {
      packageChanges.noteChange();
      loaded = null;
      const found = await read();
      first = false;
      loaded = found;
      return found.pair.flows;
    },

    async credentials() {
      if (!loaded) {
        return local.getCredentials();
      }
      const { pair, savesBefore } = loaded;
      loaded = null;
      // A deploy that came between reading and now is newer than what was read.
      if (saving.count() === savesBefore) {
        refused.end();
        mirror.mirrorLoaded(pair);
      }
      return pair.credentials;
    }
  };
}

module.exports = { createTwoStepLoad };
