'use strict';

/**
 * @import { EditorResponse, PluginApi } from '../types/editor'
 * @import { Known } from '../types/fleet'
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
      fleet.read().then((known) => answer(response, known, fleet.lend()), next);
    }
  );
}

/**
 * The core's text as it is, with what is known of its age at its end.
 *
 * @param {EditorResponse} response
 * @param {Known} known
 * @param {ReturnType<FleetReader['lend']>} lent
 */
function answer(response, { asOf, problem }, { text, giveBack }) {
  response.once('close', giveBack);
  const fleet = text.subarray(0, -1);
  const age = Buffer.from(`,${JSON.stringify({ asOf, problem }).slice(1)}`);
  response.set('Content-Type', 'application/json; charset=utf-8');
  response.set('Content-Length', String(fleet.length + age.length));
  response.write(fleet);
  response.end(age);
}

module.exports = { addFleetRoute };
