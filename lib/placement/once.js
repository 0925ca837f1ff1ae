'use strict';

const { createBackoff } = require('../backoff');
const { createGate } = require('./gate');
const { atEnd } = require('./ending');
const { nameOf, placeOf, tabsOf } = require('./place');
const { createTick } = require('./tick');
const { wantedTabs } = require('./wanted');

/**
 * @import { HeldTab, Log, RunningFlows, TabLeases } from '../types/core'
 * @import { Runtime } from '../types/node-red'
 * @import { Self } from './place'
 */

/** @typedef {ReadonlyMap<string, HeldTab>} Tabs by id */

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
 * @param {Self} params.self
 * @param {number} params.lease ms
 * @param {Log} params.log
 */
function createOnce({ leases, reload, runtime, self, lease, log }) {
  /** @type {Tabs} what Node-RED starts here when it reads its flows next */
  let here = new Map();
  /** @type {Tabs} what it has started, as far as it is known to have done so */
  let started = new Map();
  /** @type {string[]} what leases are asked for */
  let wanted = [];
  /** @type {Map<string, string>} */
  let names = new Map();
  let isQueued = false;
  let isClosed = false;
  let isLeaving = false;
  let pauses = createBackoff(PAUSES);
  /** @type {NodeJS.Timeout | undefined} */
  let retry;
  const gate = createGate(runtime);

  /** What is held now; on a tab whose lease is lost nothing moves from here on. */
  function guard() {
    const held = new Map(leases.heldTabs().map((own) => [own.tab, own]));
    const known = [...new Map([...here, ...started]).values()];
    gate.set(known.filter(({ tab, fence }) => held.get(tab)?.fence !== fence).map(({ tab }) => tab));
    return held;
  }

  /** What may run here next: what is wanted and held. A tab that was lost and is held again is stopped before. */
  function nextHere() {
    const held = guard();
    /** @type {Map<string, HeldTab>} */
    const next = new Map();
    for (const id of wantedTabs(reload.running(), started, self)) {
      const own = held.get(id);
      if (own && (started.get(id) ?? own).fence === own.fence) {
        next.set(id, own);
      }
    }
    return next;
  }

  /** Has the leases follow what runs: what was given up is given back only now. */
  function follow() {
    const next = wantedTabs(reload.running(), started, self);
    if (next.length !== wanted.length || next.some((id, index) => id !== wanted[index])) {
      wanted = next;
      leases.holdTabs(next);
    }
  }

  /** Node-RED has started and stopped what it was to. */
  function settle() {
    const tabs = tabsOf(reload.running()?.flows || []);
    const before = { started, names };
    started = here;
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

  /** What runs otherwise by the flows themselves, or is not there any more, Node-RED has been told with these. */
  function forgetOthers() {
    const running = reload.running();
    const tabs = running && started.size > 0 ? tabsOf(running.flows) : undefined;
    const kept = [...started].filter(([id]) => {
      const tab = tabs?.get(id);
      return !tabs || (tab && !tab.disabled && placeOf(tab, self) === 'once');
    });
    if (kept.length < started.size) {
      here = new Map(kept);
      settle();
    }
  }

  /** Whether Node-RED has to look again, for the next change of what runs here. */
  function step() {
    isQueued = false;
    if (isClosed || isLeaving) {
      return false;
    }
    forgetOthers();
    here = nextHere();
    if (!areSame(here, started)) {
      return true;
    }
    follow();
    return false;
  }

  async function move() {
    try {
      await reload.move({ step, settle });
      pauses = createBackoff(PAUSES);
    } catch (error) {
      isQueued = false;
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

  const tick = createTick({
    lease,
    run() {
      if (!areSame(guard(), started) && !retry) {
        look();
      }
      leases.stillAlive();
    }
  });

  async function giveBack() {
    here = new Map();
    started = here;
    wanted = [];
    await leases.giveBackTabs();
  }

  const ending = atEnd({
    nodes: runtime.nodes,
    log,
    begin() {
      isLeaving = true;
    },
    giveBack
  });

  const onStarted = () => {
    isLeaving = false;
    look();
  };
  /** @param {{ id?: string } | undefined} event */
  const onEvent = (event) => {
    if (event?.id === 'runtime-state' || event?.id === 'runtime-deploy') {
      look();
    }
  };
  const { events } = runtime;
  events.on('flows:started', onStarted);
  events.on('runtime-event', onEvent);

  return {
    leasesChanged,

    /**
     * A tab that runs on one worker, when it may run here.
     *
     * @param {string} id
     */
    here: (id) => here.get(id),

    /** The tabs that run here alone, with their names. */
    tabs: () =>
      [...started.values()].map(({ tab, fence, since }) => ({ id: tab, name: names.get(tab) ?? tab, fence, since })),

    /** Why no lease can be held here, where one is wanted. */
    problem: () => (wanted.length > 0 ? leases.memberState().problem : undefined),

    async close() {
      isClosed = true;
      tick.stop();
      clearTimeout(retry);
      events.removeListener('flows:started', onStarted);
      events.removeListener('runtime-event', onEvent);
      gate.close();
      await ending.close();
    }
  };
}

module.exports = { createOnce };
