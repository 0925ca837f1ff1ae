'use strict';

/**
 * @import { PluginApi } from '../types/editor'
 * @import { FleetReader } from './reader'
 */

/**
 * `GET /node-red-storage-valkey/fleet`: all instances, as docs/fleet.md has them. What is known is answered, however old it
 * is.
 *
 * @param {PluginApi} RED
 * @param {{ fleet: FleetReader }} params
 */
function addFleetRoute(RED, { fleet }) {
  RED.httpAdmin.get(
    '/node-red-storage-valkey/fleet',
    RED.auth.needsPermission('flows.read'),
    (_request, response, next) => {
      fleet.read().then((known) => response.json(known), next);
    }
  );
}

module.exports = { addFleetRoute };
