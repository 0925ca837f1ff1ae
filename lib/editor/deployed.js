'use strict';

/**
 * @import { AdminHealth } from '../../binding'
 * @import { EditorParams, PluginApi } from '../types/editor'
 */

/**
 * The revision that workers are to run after a deploy here; null as long as the server does not have it, and where another
 * admin is in charge.
 *
 * @param {AdminHealth | null | undefined} health
 */
function deployedRevision(health) {
  return health && health.mirrored && !health.otherAdmin ? (health.revision ?? null) : null;
}

/**
 * @param {PluginApi} RED
 * @param {EditorParams} params
 */
function addDeployedRoute(RED, { instance }) {
  RED.httpAdmin.get(
    '/node-red-storage-valkey/deployed',
    RED.auth.needsPermission('flows.read'),
    (_request, response) => {
      const health = /** @type {AdminHealth | null | undefined} */ (instance()?.health());
      response.json({ revision: deployedRevision(health) });
    }
  );
}

module.exports = { addDeployedRoute, deployedRevision };
