'use strict';

/**
 * @import { RuntimeWatch } from '../flows/runtime-watch'
 * @import { AdminCore, Log } from '../types/core'
 * @import { Runtime } from '../types/node-red'
 * @import { Notices } from './notices'
 */

/** @typedef {ReturnType<typeof createRefusedDeploy>} RefusedDeploy */

/**
 * Deploys that were answered with an error because another admin is in charge: they are on this
 * disk, and Node-RED goes on with what it ran before. Once this admin is in charge itself, Node-RED
 * loads them, and what is loaded is mirrored.
 *
 * @param {object} params
 * @param {Pick<AdminCore, 'deployWasRefused'>} params.core
 * @param {Pick<Runtime, 'nodes' | 'settings'>} params.runtime
 * @param {Pick<RuntimeWatch, 'whenIdle'>} params.watch
 * @param {Pick<Notices, 'show' | 'end'>} params.notices
 * @param {Log} params.log
 */
function createRefusedDeploy({ core, runtime, watch, notices, log }) {
  /** @type {Set<Promise<unknown>>} */
  const saves = new Set(); // under way
  let waits = false;
  let isLoading = false;

  const nothingIsSaved = async () => {
    do {
      await Promise.allSettled(saves);
      // Between credentials and the flows of the same deploy nothing is under way.
      await new Promise((resolve) => setImmediate(resolve));
    } while (saves.size > 0);
  };

  return {
    /** The disk has it, and Node-RED does not run it. */
    begin() {
      waits = true;
      core.deployWasRefused();
      notices.show(
        'refused',
        'The last deploy here was refused, because another admin is in charge: it is on this disk only, and neither this Node-RED nor any worker runs it. Once this admin takes over, it is loaded and goes to the workers.'
      );
    },

    /** Node-RED runs, or is about to run, what the disk has. */
    end() {
      waits = false;
      notices.end('refused');
    },

    waits: () => waits,

    /** Resolves when no save is under way, and none is between its credentials and its flows. */
    nothingIsSaved,

    /** A save is under way. */
    isSaving: () => saves.size > 0,

    /**
     * Runs a save. What was made from the flows that are being replaced is refused as Node-RED
     * itself does it a moment later: it would take the place of a deploy that its author never saw.
     *
     * @template T
     * @param {() => Promise<T>} save
     */
    async beside(save) {
      if (isLoading) {
        const error = new Error('a deploy from before is being loaded: review the changes and deploy again');
        throw Object.assign(error, { code: 'version_mismatch', status: 409 });
      }
      const saving = save();
      saves.add(saving);
      try {
        return await saving;
      } finally {
        saves.delete(saving);
      }
    },

    /** This admin is in charge now. */
    async load() {
      await new Promise((resolve) => watch.whenIdle(() => resolve(undefined)));
      await nothingIsSaved();
      if (!waits) {
        return;
      }
      isLoading = true;
      log.warn(
        'the deploy that was refused while another admin was in charge is on this disk: it is loaded and mirrored now'
      );
      try {
        // Forced, it would end safe mode.
        await runtime.nodes.loadFlows(!runtime.settings.safeMode);
        notices.show(
          'refused',
          'This admin is in charge now: the deploy that was refused while another one was has been loaded, runs here, and goes to the workers in place of what they ran.'
        );
      } catch (error) {
        const problem = `it can't be loaded, and is not mirrored until it is, or something else is deployed: ${error.message}`;
        log.error(problem);
        notices.show(
          'refused',
          `This admin is in charge now, and the deploy that was refused before is on its disk: ${problem}.`
        );
      } finally {
        isLoading = false;
      }
    }
  };
}

module.exports = { createRefusedDeploy };
