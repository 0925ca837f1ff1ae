'use strict';

const { createBackoff } = require('../backoff');
const { codedError } = require('../errors');
const { createGate } = require('./gate');
const { atEnd } = require('./ending');
const { createLate } = require('./late');
const { listenToFlows } = require('./listeners');
const { nameOf, placeOf, tabsOf } = require('./place');
const { createTick, tickOf } = require('./tick');
const { createTold } = require('./told');
const { wantedTabs } = require('./wanted');

/**
 * @import { HeldTab, Log, RunningFlows, TabLeases } from '../types/core'
 * @import { Runtime } from '../types/node-red'
 * @import { Read } from './hook/read'
 * @import { Self } from './place'
 * @import { Tabs } from './told'
 */

/** Between two attempts to have Node-RED start or stop tabs, in ms. */
const PAUSES = { first: 500, longest: 10_000 };

/**
 * @param {Tabs} some
 * @param {Tabs} others
 */
function areSame(some, others) {
  return some.size === others.size && [...some].every(([id, { fence }]) => others.get(id)?.fence === fence);
}

/**
 * The tabs that run on one worker: those whose lease is held here are started, those whose lease is lost are stopped.
 *
 * @param {object} params
 * @param {TabLeases} params.leases
 * @param {RunningFlows} params.reload
 * @param {Pick<Runtime, 'events' | 'hooks' | 'nodes'>} params.runtime
 * @param {Pick<Read, 'taken'>} params.read what Node-RED has read
 * @param {Self} params.self
 * @param {number} params.lease ms
 * @param {Log} params.log
 */
function createOnce({ leases, reload, runtime, read, self, lease, log }) {
  const told = createTold(read);
  /** @type {Tabs} what Node-RED is to run here, as of the last look */
  let here = new Map();
  /** @type {Tabs} what it is known to have started: what is shown */
  let started = new Map();
  /** @type {string[]} what leases are asked for */
  let wanted = [];
  /** @type {Map<string, string>} of what has been started */
  let names = new Map();
  let isQueued = false;
  let isClosed = false;
  /** A start or stop of ours has ended in the middle, and nobody else may try again. */
  let hasFailed = false;
  let pauses = createBackoff(PAUSES);
  /** @type {NodeJS.Timeout | undefined} */
  let retry;
  const interval = tickOf(lease);
  const gate = createGate({ hooks: runtime.hooks, interval, look: () => void guard() });
  const lateOf = createLate(lease);

  /** @returns {Tabs} none when that can't be told */
  function heldNow() {
    try {
      return new Map(leases.heldTabs().map((own) => [own.tab, own]));
    } catch (error) {
      log.debug(error.message);
      return new Map();
    }
  }

  /** What is held now; on a tab whose lease is lost nothing moves from here on. */
  function guard() {
    const held = heldNow();
    const tabs = told.tabs();
    gate.set(ending.isOver() ? tabs.keys() : told.cutLost(held), tabs.size > 0);
    return held;
  }

  /** What may run here next: what is wanted and held. A tab that was lost and is held again is stopped before. */
  function nextHere() {
    const held = guard();
    /** @type {Map<string, HeldTab>} */
    const next = new Map();
    for (const id of wantedTabs(reload.running(), told.tabs(), self)) {
      const own = held.get(id);
      if (own && told.runsOnWith(own)) {
        next.set(id, own);
      }
    }
    return next;
  }

  /** @param {string[]} next */
  function want(next) {
    if (next.length !== wanted.length || next.some((id, index) => id !== wanted[index])) {
      wanted = next;
      leases.holdTabs(next);
    }
  }

  /** Node-RED has started and stopped what it was to. */
  function settle() {
    const tabs = tabsOf(reload.running()?.flows || []);
    const before = { started, names };
    started = told.tabs();
    names = new Map([...started.keys()].map((id) => [id, nameOf(tabs.get(id), id)]));
    for (const [id, { fence }] of started) {
      if (before.started.get(id)?.fence !== fence) {
        log.info(`tab '${names.get(id)}' runs here (fence ${fence})`);
      }
    }
    for (const id of before.started.keys()) {
      const tab = tabs.get(id);
      // One that a deploy has run everywhere runs on.
      if (!started.has(id) && !(tab && !tab.disabled && placeOf(tab, self) === 'here')) {
        log.info(`tab '${before.names.get(id)}' no longer runs here`);
      }
    }
    guard();
  }

  /** The steps of one move: whether Node-RED has to look again, for the next change of what runs here. */
  function createSteps() {
    /** @type {{ here: Tabs, now: Tabs } | undefined} */
    let last;
    return () => {
      isQueued = false;
      if (isClosed || ending.isUnderWay()) {
        return false;
      }
      settle();
      here = nextHere();
      const now = told.tabs();
      const isBroken = hasFailed && reload.running()?.touched === null;
      if (areSame(here, now) && !isBroken) {
        // What was given up is given back only now.
        want(wantedTabs(reload.running(), now, self));
        return false;
      }
      if (last && areSame(last.here, here) && areSame(last.now, now)) {
        throw codedError('ERR_VALKEY_PLACEMENT', 'Node-RED was told to, and has not');
      }
      last = { here, now };
      return true;
    };
  }

  async function move() {
    try {
      await reload.move({ step: createSteps(), settle });
      hasFailed = false;
      pauses = createBackoff(PAUSES);
    } catch (error) {
      isQueued = false;
      hasFailed = true;
      if (isClosed || retry) {
        return;
      }
      const pause = pauses.nextWait();
      log.error(
        `tabs that run on one worker could not be started or stopped here: ${error.message} (next attempt in ${pause / 1000} s)`
      );
      retry = setTimeout(() => {
        retry = undefined;
        look();
      }, pause);
      retry.unref();
    }
  }

  /** Something may have changed: what runs, or what is held. */
  function look() {
    if (!isClosed && !isQueued) {
      isQueued = true;
      void move();
    }
  }

  /** Known at once, whoever stands before us in the queue. */
  function leasesChanged() {
    if (!isClosed) {
      guard();
      look();
    }
  }

  /**
   * What is held and can't be started is for another worker, and nothing is taken until what stands before us is over.
   *
   * @param {Tabs} held
   */
  function giveUpLate(held) {
    const now = told.tabs();
    const late = lateOf([...held.values()].filter(({ tab, fence }) => now.get(tab)?.fence !== fence));
    const names = late.filter(({ tab }) => wanted.includes(tab)).map(({ tab }) => nameOfRunning(tab));
    if (names.length > 0) {
      const listed = names.map((name) => `'${name}'`).join(', ');
      log.warn(
        `could not be started here for ${lease / 1000} s, as Node-RED has not ended what it does, and given back: tab ${listed}`
      );
      want(wanted.filter((id) => now.get(id) && now.get(id)?.fence === held.get(id)?.fence));
    }
  }

  /** @param {string} id */
  function nameOfRunning(id) {
    return nameOf(tabsOf(reload.running()?.flows || []).get(id), id);
  }

  const tick = createTick({
    interval,
    run() {
      const held = guard();
      if (!areSame(held, told.tabs()) && !retry) {
        look();
      }
      giveUpLate(held);
      try {
        leases.stillAlive();
      } catch (error) {
        log.debug(error.message);
      }
    }
  });

  const ending = atEnd({
    nodes: runtime.nodes,
    log,
    untilIdle: reload.idle,
    onStopped: guard,
    async giveBack() {
      here = new Map();
      wanted = [];
      await leases.giveBackTabs();
      started = new Map();
    }
  });

  const listeners = listenToFlows({
    events: runtime.events,
    log,
    onStopped(event) {
      told.onStopped(event);
      guard();
    },
    onStarting(event) {
      ending.onStarting();
      told.onStarting(event, isClosed || ending.isUnderWay() ? new Map() : heldNow());
      guard();
    },
    onStarted() {
      told.onStarted();
      settle();
      look();
    },
    onState: look
  });

  return {
    leasesChanged,

    /**
     * A tab that runs on one worker, when it may run here: its lease is held at this moment, and the same as when it was
     * looked at last.
     *
     * @param {string} id
     */
    here(id) {
      const own = here.get(id);
      return own && heldNow().get(id)?.fence === own.fence ? own : undefined;
    },

    /** The tabs that run here alone, with their names. */
    tabs: () =>
      [...started.values()].map(({ tab, fence, since }) => ({ id: tab, name: names.get(tab) ?? tab, fence, since })),

    /** Why no lease can be held here, where one is wanted. */
    problem: () => (wanted.length > 0 ? leases.memberState().problem : undefined),

    async close() {
      isClosed = true;
      tick.stop();
      clearTimeout(retry);
      listeners.close();
      await ending.close();
      gate.close();
    }
  };
}

module.exports = { createOnce };
