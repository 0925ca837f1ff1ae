'use strict';

const { parse } = require('./flow-objects');

/**
 * @import { KeyNames } from '../../binding'
 * @import { Log, WorkerCore } from '../types/core'
 * @import { createReload } from '../reload'
 * @import { createSerialQueue } from '../serial-queue'
 * @import { FlowObjects } from './flow-objects'
 * @import { StoredDeploys } from './stored-deploy'
 */

/**
 * The flows and credentials that Node-RED loads, at its start and whenever a user has it load them
 * again. It asks for the flows first, and then for the credentials that belong to them.
 *
 * @param {object} parts
 * @param {WorkerCore} parts.core
 * @param {StoredDeploys} parts.deploys
 * @param {FlowObjects} parts.objects
 * @param {ReturnType<typeof createReload>} parts.reload
 * @param {ReturnType<typeof createSerialQueue>} parts.turns shared with updates: one that was
 *   read before a load must not be applied after it, over what the load has read later
 * @param {KeyNames} parts.keys
 * @param {Log} parts.log
 */
function createLoad({ core, deploys, objects, reload, turns, keys, log }) {
  /** @type {Awaited<ReturnType<typeof findDeploy>> | null} whose flows were given, and whose credentials are to be */
  let loading = null;
  let end = () => {};

  /** Waits for the update in hand, and keeps later ones back until `end()`. */
  const begin = async () => {
    end();
    /** @type {Promise<void>} */
    const ended = new Promise((resolve) => {
      end = resolve;
    });
    await turns.hold(ended);
    await reload.beforeLoad();
  };

  /** Waits for a deploy that can be run here. */
  const findDeploy = async () => {
    for (;;) {
      const stored = await core.snapshot();
      try {
        const deploy = deploys.open(stored, objects.read(stored));
        await deploys.adoptSecret(deploy);
        return { stored, deploy };
      } catch (error) {
        log.error(`revision ${stored.revision} can't be run here: ${error.message}`);
        core.refused(stored.id, error.message);
      }
    }
  };

  return {
    async flows() {
      const own = reload.ownLoad();
      if (own) {
        return own.flows;
      }
      await begin();
      try {
        loading = await findDeploy();
        // Node-RED keeps and changes what it is given: these are its own.
        return parse(loading.stored.flows);
      } catch (error) {
        end();
        throw error;
      }
    },

    async credentials() {
      const own = reload.ownLoad();
      if (own) {
        return own.credentials;
      }
      if (!loading) {
        throw new Error('Node-RED asks for credentials after it has asked for flows');
      }
      const { stored, deploy } = loading;
      loading = null;
      try {
        reload.seed({ flows: deploy.flows, credentials: deploy.plain });
        const credentials = structuredClone(deploys.credentialsFor(deploy));
        await core.applied(stored.id);
        log.info(`running revision ${stored.revision}: ${deploy.flows.length} nodes from ${keys.flows}`);
        return credentials;
      } finally {
        end();
      }
    }
  };
}

module.exports = { createLoad };
