'use strict';

/** @import { TabLeases } from '../types/core' */

/**
 * Leases that nobody ever gets.
 *
 * @type {TabLeases}
 */
const NO_LEASES = {
  holdTabs() {},
  heldTabs: () => [],
  stillAlive() {},
  async giveBackTabs() {},
  memberState: () => ({ connection: 'none', problem: 'this version has no leases for them yet' })
};

module.exports = { NO_LEASES };
