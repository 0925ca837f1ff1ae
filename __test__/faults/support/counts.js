'use strict';

/** `npm run test:faults` runs the full counts, `npm test` the quick ones. */
const FULL = process.env.FAULTS === 'full';

/** How often to do something: `count(quick, full)`. FAULT_SCALE multiplies. */
function count(quick, full) {
  return Math.max(1, Math.round((FULL ? full : quick) * (Number(process.env.FAULT_SCALE) || 1)));
}

module.exports = { FULL, count };
