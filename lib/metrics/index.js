'use strict';

const { createUpdateFigures } = require('./updates');
const { version: VERSION } = require('../../package.json');

/**
 * @import { Role } from '../../binding'
 * @import { openFleet } from '../fleet'
 * @import { Answer } from '../health/listener'
 * @import { Standing } from '../health/standing'
 * @import { Settings } from '../types/node-red'
 */

/**
 * `/metrics`: this instance, and on an admin the workers by state.
 *
 * @param {object} params
 * @param {Role} params.role
 * @param {Settings} params.settings
 * @param {Standing} params.standing
 * @param {Pick<ReturnType<typeof openFleet>, 'delay' | 'errors' | 'reader' | 'reconnects'>} params.fleet
 * @param {() => string[]} params.tabs ids of those held
 */
function createMetrics({ role, settings, standing, fleet, tabs }) {
  const updates = createUpdateFigures();
  const about = { version: VERSION, node_red: String(settings.version ?? ''), node: process.version };
  return {
    /** For a worker's updates. */
    onUpdate: updates.note,
    /** @returns {Promise<Answer>} */
    async answer() {
      // Most instances are never asked.
      const { contextFigures } = require('../fleet/report');
      const { CONTENT_TYPE, exposition } = require('./exposition');
      const { fleetFamilies, ownFamilies } = require('./families');
      const now = standing.now();
      const own = ownFamilies({
        now,
        about,
        errors: fleet.errors.count(),
        reconnects: fleet.reconnects(),
        delay: fleet.delay(),
        tabs: tabs().length,
        context: contextFigures(now.context),
        updates
      });
      const others = role === 'admin' ? fleetFamilies(await fleet.reader.read()) : [];
      return { status: 200, body: exposition([...own, ...others]), headers: { 'Content-Type': CONTENT_TYPE } };
    }
  };
}

module.exports = { createMetrics };
