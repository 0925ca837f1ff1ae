'use strict';

const { isObject } = require('../is-object');

/** @import { EditorParams, PluginApi } from '../types/editor' */

/** Below the root of Node-RED's admin API. */
const PATH = '/node-red-storage-valkey/fleet/watch';
/** Who looks: an id that each editor makes up. */
const VIEWER = /^[\w-]{1,64}$/;

/**
 * `POST …/fleet/watch { viewer, watch }`: the editor `viewer` looks at `watch` for the next 30 s, kinds by the id or the
 * name of a worker; at nothing if it is empty. Answers `{ watching, problem }`: what all editors look at, and what is in
 * the way, if anything.
 *
 * @param {PluginApi} RED
 * @param {Pick<EditorParams, 'streams'>} params
 */
function addStreamRoutes({ httpAdmin, auth }, { streams }) {
  httpAdmin.post(PATH, auth.needsPermission('flows.read'), async (request, response) => {
    const { viewer, watch: given } = isObject(request.body) ? request.body : {};
    const { checkedWatch } = require('./kinds');
    const watch = checkedWatch(given);
    if (typeof viewer !== 'string' || !VIEWER.test(viewer) || watch === null) {
      response
        .status(400)
        .json({ error: "'viewer' is an id, 'watch' names kinds ('debug', 'log', 'status') by worker" });
      return;
    }
    const open = streams();
    if (!open) {
      response.status(503).json({ error: 'node-red-storage-valkey is not open here as an admin' });
      return;
    }
    const problem = await open.look(viewer, watch);
    response.json({ watching: open.watching(), problem });
  });
}

module.exports = { addStreamRoutes };
