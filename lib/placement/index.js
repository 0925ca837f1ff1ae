'use strict';

const { codedError } = require('../errors');
const { hookFlows } = require('./hook');
const { watchOthers } = require('./elsewhere');
const { createFaults } = require('./faults');
const { nameOf, placeOf, tabsOf } = require('./place');
const { EVERYWHERE, NAME, placementOf } = require('./value');

/**
 * @import { createOnce } from './once'
 * @import { Role, PlacementOptions } from '../../binding'
 * @import { Log, Placement } from '../types/core'
 * @import { Runtime } from '../types/node-red'
 */

/** Where Node-RED can't be told which tabs it runs, flows with such tabs are refused. */
const NOTHING_READ = { taken: () => new Map() };

/**
 * Which tabs run on this instance. To be created before Node-RED loads its flows.
 *
 * @param {{ role: Role, options: PlacementOptions, runtime: Runtime, log: Log }} params
 * @returns {Placement}
 */
function createPlacement({ role, options, runtime, log }) {
  const { labels, runFlows, onceLease } = options;
  const self = { role, labels, runFlows };
  /** @type {ReturnType<typeof createOnce> | undefined} */
  let once;

  const hook = hookFlows(runtime, {
    runsNothing: !runFlows,
    fateOf(id, tab) {
      const place = placeOf(tab, self);
      if (place !== 'once') {
        return { runs: place === 'here' };
      }
      const held = once?.here(id);
      return held ? { runs: true, fence: held.fence } : { runs: false };
    }
  });
  const problem = 'problem' in hook ? hook.problem : undefined;
  if (problem && !runFlows) {
    throw codedError('ERR_VALKEY_PLACEMENT', `option 'runFlows' can't be honoured in this Node-RED: ${problem}`);
  }
  const faults = createFaults({ runtime, log });

  return {
    checked(flows) {
      for (const [id, tab] of problem === undefined ? [] : tabsOf(flows)) {
        const placement = placementOf(tab);
        if ('fault' in placement || placement.kind !== EVERYWHERE.kind) {
          throw codedError(
            'ERR_VALKEY_PLACEMENT',
            `tab '${nameOf(tab, id)}' has ${NAME}, which can't be honoured in this Node-RED: ${problem} (run the Node-RED that it was set with, or take it away there)`
          );
        }
      }
      return flows;
    },

    runOnce({ leases, reload }) {
      const { createOnce } = require('./once');
      const read = 'read' in hook ? hook.read : NOTHING_READ;
      const opened = createOnce({ leases, reload, runtime, read, self, lease: onceLease, log });
      once = opened;
      return {
        leasesChanged: opened.leasesChanged,
        async close() {
          await opened.close();
          once = undefined;
        }
      };
    },

    state: () => ({
      runsNothing: !runFlows,
      tabs: once?.tabs() ?? [],
      faults: faults.all(),
      problem: once?.problem()
    }),

    onFaults: faults.listen,

    watchOthers: (read) => watchOthers({ nodes: runtime.nodes, read, tell: faults.setElsewhere, log }),

    close() {
      faults.close();
      if ('close' in hook) {
        hook.close();
      }
    }
  };
}

module.exports = { createPlacement };
