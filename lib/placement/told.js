'use strict';

const { keepOut, standStill } = require('./hook/read');

/**
 * @import { HeldTab } from '../types/core'
 * @import { FlowsEvent, ParsedTab } from '../types/node-red'
 * @import { Read } from './hook/read'
 */

/** @typedef {ReadonlyMap<string, HeldTab>} Tabs by id */

/**
 * A tab that Node-RED runs here: the lease with which it began, what it was read as, and whether some of its nodes were
 * kept from starting.
 *
 * @typedef {{ own: HeldTab, tab: ParsedTab, isCut: boolean }} Run
 */

/** @typedef {ReturnType<typeof createTold>} Told */

/**
 * The tabs that Node-RED runs on this worker alone: those that it was told to start and has not stopped since. It decides
 * which it starts when it reads flows, and starts them a good while later, or again without reading them: so each start
 * begins with a look at what is held then.
 *
 * @param {Pick<Read, 'taken'>} read
 */
function createTold({ taken }) {
  /** @type {Map<string, Run>} */
  let runs = new Map();
  let isStarting = false;

  /** @param {Run} run */
  function cut(run) {
    run.isCut = true;
    standStill(run.tab);
  }

  return {
    /** @returns {Tabs} */
    tabs: () => new Map([...runs].map(([id, { own }]) => [id, own])),

    /**
     * Those whose lease is lost. A start that is under way begins none of their nodes from here on.
     *
     * @param {Tabs} held
     */
    cutLost(held) {
      const lost = [...runs].filter(([id, { own }]) => held.get(id)?.fence !== own.fence);
      if (isStarting) {
        lost.forEach(([, run]) => cut(run));
      }
      return lost.map(([id]) => id);
    },

    /**
     * Whether it can run on with this lease: it is the one with which it began, and all of it runs.
     *
     * @param {HeldTab} own
     */
    runsOnWith({ tab, fence }) {
      const run = runs.get(tab);
      return !run || (run.own.fence === fence && !run.isCut);
    },

    /** @param {Pick<FlowsEvent, 'type'>} event */
    onStopped({ type }) {
      const kept = type === 'full' ? new Map() : taken();
      runs = new Map([...runs].filter(([id]) => kept.has(id)));
    },

    /**
     * The last moment before Node-RED looks at which tabs it starts.
     *
     * @param {Pick<FlowsEvent, 'type'>} event
     * @param {Tabs} held
     */
    onStarting({ type }, held) {
      isStarting = true;
      const read = taken();
      for (const [id, run] of runs) {
        const next = read.get(id);
        if (held.get(id)?.fence !== run.own.fence) {
          cut(run);
        }
        // A full start leaves what runs as it is.
        if (next && type !== 'full') {
          run.tab = next.tab;
        }
        if (next && run.isCut) {
          standStill(next.tab);
        }
      }
      for (const [id, { fence, tab }] of read) {
        const own = held.get(id);
        if (runs.has(id)) {
          continue;
        }
        if (own?.fence === fence) {
          runs.set(id, { own, tab, isCut: false });
        } else {
          keepOut(tab);
        }
      }
    },

    onStarted() {
      isStarting = false;
    }
  };
}

module.exports = { createTold };
