'use strict';

/**
 * @import { Placement } from '../../types/core'
 * @import { Notices } from '.'
 */

/** How many tabs are named. */
const MOST_TABS = 5;

/**
 * Shows in the editor what it can't see by itself of where tabs run.
 *
 * @param {{ placement: Pick<Placement, 'state' | 'onFaults'>, notices: Pick<Notices, 'show' | 'end'> }} params
 */
function tellPlacement({ placement, notices }) {
  if (placement.state().runsNothing) {
    notices.show(
      'idle',
      "No tab runs on this admin ('runFlows' is false): what is deployed here runs on workers alone."
    );
  }
  placement.onFaults((faults) => {
    const more = faults.length - MOST_TABS;
    const named = faults.slice(0, MOST_TABS).join('; ');
    if (faults.length > 0) {
      notices.show('placement', `Where tabs run: ${named}${more > 0 ? `; and ${more} more` : ''}.`);
    } else {
      notices.end('placement');
    }
  });
}

module.exports = { tellPlacement };
