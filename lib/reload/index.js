'use strict';

const { compare, configuration } = require('./comparison');
const { createOwnCalls } = require('./own-calls');
const { deployType, restartsEnvironments } = require('./deploy-type');
const { createHeldStart } = require('./held');
const { HOLD_TYPE, hold } = require('./hold');
const { createLiveCredentials } = require('./live-credentials');
const { createMarking } = require('./marking');
const { createNewest } = require('./newest');
const { createOutdated } = require('./outdated');
const { report } = require('./report');
const { applied, nothing } = require('./result');
const { restartedNodes } = require('./restarts');
const { hasStuckInstance } = require('./stuck-instances');
const { missingTypes } = require('../flows/missing-types');
const { isOrdinary } = require('../flows/oddity');
const { createRuntimeWatch } = require('../flows/runtime-watch');
const { createQueue } = require('./queue');

/**
 * @import { ReloadMode } from '../../binding'
 * @import { Log } from '../types/core'
 * @import { Credentials, DeployType, EncryptedCredentials, FlowNode, Runtime } from '../types/node-red'
 * @import { Configuration, Difference, Update } from './comparison'
 * @import { Call } from './own-calls'
 * @import { Outcome, Result } from './result'
 */

const DEADLINE = 5 * 60 * 1000;
/**
 * An update that waits for types, and the nodes that stand still meanwhile.
 *
 * @typedef {{ update: Update | undefined, stopped: Set<string> }} Held
 */

/** @type {Configuration} */
const EMPTY = { flows: [], text: '[]', nodes: new Map(), credentials: new Map() };

/** @typedef {ReturnType<typeof createReload>} Reload */

/**
 * Takes updates into the running Node-RED of a worker.
 *
 * To be created before Node-RED loads its nodes and flows, so in the `init` of
 * the storage module. `log(level, text)` gets what is to be told.
 *
 * @param {object} params
 * @param {Runtime} params.runtime
 * @param {ReloadMode} [params.mode]
 * @param {(level: keyof Log, text: string) => void} [params.log]
 * @param {number} [params.deadline] ms that one deploy may take
 * @param {(result: Result & { revision?: string }) => void} [params.onCompleted] an update that waited for types runs
 * @param {(credentials: Credentials) => Credentials | EncryptedCredentials} [params.seal] gives plain credentials the
 *   form in which this Node-RED loads them
 */
function createReload({
  runtime,
  mode = 'nodes',
  log = () => {},
  deadline = DEADLINE,
  onCompleted = () => {},
  seal = (credentials) => credentials
}) {
  const isScopeAware = restartsEnvironments(runtime.settings.version);
  const calls = createOwnCalls({ runtime, deadline });
  const live = createLiveCredentials(runtime);
  const marking = createMarking({
    isScopeAware,
    hasCredentials: (type) => Boolean(runtime.nodes.getCredentialDefinition(type))
  });
  const watch = createRuntimeWatch({
    events: runtime.events,
    isOwn: calls.isOwn,
    onOwn: calls.onOwn,
    onType: () => heldStart.startIfReady()
  });
  const queue = createQueue({ watch, deadline });
  const newest = createNewest({ queue, applyNow, superseded: () => nothing({ superseded: true }) });
  const heldStart = createHeldStart({
    queue,
    ready: () => (held && !isClosed && missingTypes(handed.flows, getType).length === 0 ? held : undefined),
    isWanted: (expected) => held === expected && !runtime.settings.safeMode && !isClosed,
    start: completeNow,
    log
  });
  /** @param {string} type */
  const getType = (type) => runtime.nodes.getType(type);
  const outdated = createOutdated({ getType });

  let handed = EMPTY; // what Node-RED was given last
  let running = EMPTY; // what it was given last and has started
  /** @type {Held | undefined} */
  let held; // the update that waits for types: { update, stopped }
  let unstarted = false; // what was handed over did not start (modules missing)
  let failed = false; // an update ended in the middle
  /** @type {Update | undefined} */
  let waiting; // the newest update that safe mode keeps from being applied
  let isSafeModeTold = false;
  let isClosed = false;

  /**
   * To be called, and waited for, before flows are read for a load: no update
   * begins from here until the load is over, and the one under way ends first.
   */
  async function beforeLoad() {
    watch.loadBegins();
    await queue.inHand();
  }

  /**
   * Remembers what a load has handed to Node-RED: the flows and the plain credentials.
   *
   * @param {Update} update
   */
  function seed({ flows, credentials }) {
    handed = configuration({ flows, credentials });
    running = handed;
    held = undefined;
    unstarted = false;
    failed = false;
    waiting = undefined;
    live.forgetAll();
    marking.reset();
    outdated.clear();
    watch.loadBegins();
  }

  function whenStarted() {
    return watch.started;
  }

  /** @param {Update} update */
  function stayInSafeMode(update) {
    waiting = update;
    if (!isSafeModeTold) {
      isSafeModeTold = true;
      log('warn', 'Node-RED runs in safe mode: updates are not applied until it is started without --safe.');
    }
    return nothing({ safeMode: true });
  }

  /** @param {Update} update */
  async function applyNow(update) {
    const wanted = configuration(update);
    const difference = compare(handed, wanted);
    const isSame = wanted.text === handed.text && difference.credentials.length === 0;
    if (isSame && !failed && !unstarted) {
      waiting = undefined;
      return nothing({ missingTypes: held ? missingTypes(wanted.flows, getType) : [] });
    }
    if (runtime.settings.safeMode) {
      return stayInSafeMode(update);
    }
    waiting = undefined;
    const begun = Date.now();
    const outcome = await hand(wanted, difference);
    const changed = difference.changed.concat(difference.credentials.filter((id) => handed.nodes.has(id)));
    settle(wanted, outcome, update);
    const result = applied(difference, changed, outcome, begun);
    log(...report(update.revision, result));
    return result;
  }

  /**
   * @param {Configuration} wanted
   * @param {Outcome} outcome
   * @param {Update} [update]
   */
  function settle(wanted, outcome, update) {
    const stopped = new Set([...(held ? held.stopped : []), ...outcome.restarted]);
    handed = wanted;
    failed = false;
    held = outcome.isHeld ? { update, stopped } : undefined;
    unstarted = !held && outcome.missingTypes.length + outcome.missingModules.length > 0;
    if (!held && !unstarted) {
      running = wanted;
    }
    // The types may have come while Node-RED was still stopping nodes.
    heldStart.startIfReady();
  }

  /**
   * Hands a configuration to Node-RED: what differs, or everything where Node-RED can't tell that.
   *
   * @param {Configuration} wanted
   * @param {Difference} difference
   * @param {DeployType} [only]
   * @returns {Promise<Outcome>}
   */
  async function hand(wanted, difference, only) {
    try {
      return await (failed ? recover(wanted, difference) : change(wanted, difference, only));
    } catch (error) {
      if (!error.isIncomparable) {
        throw error;
      }
      log('warn', `${error.message}; it loads all flows anew instead`);
      return loadAnew(wanted, difference);
    }
  }

  /**
   * What differs, in as many steps as it takes.
   *
   * @param {Configuration} wanted
   * @param {Difference} difference
   * @param {DeployType} [only]
   * @returns {Promise<Outcome>}
   */
  async function change(wanted, difference, only) {
    watch.deployBegins();
    if (unstarted) {
      // The wires that run have to be what the next step compares with.
      await attempt(
        hold(marking.mark(handed.flows).marked, running.nodes),
        null,
        watch.hasRunningFlows() ? mode : 'full'
      );
    }
    const awaited = missingTypes(wanted.flows, getType);
    const isHeld = awaited.length > 0;
    // What waits does not start: nodes with replaced code run on with it.
    const replaced = isHeld ? new Set() : outdated.nodesOf(wanted.flows);
    const { marked, commit } = marking.mark(
      wanted.flows,
      new Set(difference.credentials),
      new Set(difference.environments),
      replaced
    );
    const passed = passedCredentials(difference.credentials, wanted);
    const type = only || typeFor(wanted, difference, isHeld);
    const remember = live.forget(difference.credentials.concat(difference.removed));
    const call = await attempt(isHeld ? hold(marked, running.nodes) : marked, passed, type, remember);
    commit();
    marking.unmark(runtime.nodes.getFlows()?.flows || [], replaced);
    if (!isHeld) {
      outdated.clear();
    }
    return outcomeOf(call, wanted, awaited);
  }

  /**
   * @param {FlowNode[]} flows
   * @param {Credentials | null} credentials
   * @param {DeployType} type
   * @param {() => void} [remember]
   */
  async function attempt(flows, credentials, type, remember = () => {}) {
    try {
      return await calls.deploy(flows, credentials, type);
    } catch (error) {
      if (error.isIncomparable || (error.isRefused && !failed)) {
        remember();
        await live.restore(handed.nodes.keys(), handed.credentials);
      } else {
        failed = true;
      }
      throw error;
    }
  }

  /**
   * What is held waits for `awaited`, whether or not Node-RED would miss the same types.
   *
   * @param {Call} call
   * @param {Configuration} wanted
   * @param {string[]} awaited
   * @returns {Outcome}
   */
  function outcomeOf(call, wanted, awaited) {
    const missed = call.missingTypes.filter((type) => type !== HOLD_TYPE);
    return {
      isHeld: awaited.length > 0,
      restarted: call.difference ? restartedNodes(call.difference, handed.nodes, wanted.nodes) : new Set(),
      missingTypes: [...new Set([...awaited, ...missed])],
      missingModules: call.missingModules
    };
  }

  /**
   * The values for Node-RED's cache, as copies: it writes into what it is given.
   *
   * @param {string[]} ids
   * @param {Configuration} wanted
   * @returns {Credentials | null}
   */
  function passedCredentials(ids, wanted) {
    if (ids.length === 0) {
      return null;
    }
    return Object.fromEntries(ids.map((id) => [id, structuredClone(wanted.credentials.get(id) || {})]));
  }

  /**
   * @param {Configuration} wanted
   * @param {Difference} difference
   * @param {boolean} isHeld
   */
  function typeFor(wanted, difference, isHeld) {
    // What is held changes nothing that runs on; all of it is looked at again when it starts.
    const isComparable =
      isHeld ||
      (isOrdinary(handed.flows) && isOrdinary(wanted.flows) && !hasStuckInstance(handed.flows, runtime.nodes.getNode));
    const situation = { mode, isScopeAware, isRunning: watch.hasRunningFlows(), isOrdinary: isComparable };
    return deployType(situation, difference, handed.nodes, wanted.nodes);
  }

  /**
   * After an update that ended in the middle nobody knows what runs, and
   * Node-RED counts its flows as stopped: start, then replace everything.
   *
   * @param {Configuration} wanted
   * @param {Difference} difference
   * @returns {Promise<Outcome>}
   */
  async function recover(wanted, difference) {
    watch.deployBegins();
    log('warn', 'The last update ended in the middle: all flows are restarted with this one.');
    await calls.startAgain();
    const credentials = allCredentials(wanted, difference);
    live.forget(difference.credentials.concat(difference.removed));
    const { marked, commit } = marking.mark(wanted.flows);
    const awaited = missingTypes(wanted.flows, getType);
    const isHeld = awaited.length > 0;
    const call = await attempt(isHeld ? hold(marked, new Map()) : marked, credentials, 'full');
    commit();
    outdated.clear();
    return outcomeOf(call, wanted, awaited);
  }

  /**
   * Everything is stopped, and started as at a start. Node-RED can fail to compare flows that it
   * runs: those that it has with others, or others with those that it has.
   *
   * @param {Configuration} wanted
   * @param {Difference} difference
   * @returns {Promise<Outcome>}
   */
  async function loadAnew(wanted, difference) {
    watch.deployBegins();
    const awaited = missingTypes(wanted.flows, getType);
    const isHeld = awaited.length > 0;
    const flows = structuredClone(isHeld ? hold(wanted.flows, new Map()) : wanted.flows);
    const credentials = seal(allCredentials(wanted, difference));
    const remember = live.forget(difference.credentials.concat(difference.removed));
    try {
      const call = await calls.load({ flows, credentials });
      marking.reset();
      outdated.clear();
      return outcomeOf(call, wanted, awaited);
    } catch (error) {
      remember();
      failed = failed || !error.isRefused;
      throw error;
    }
  }

  /**
   * Of all nodes, as copies: what the update has changed, and what the nodes have renewed themselves.
   *
   * @param {Configuration} wanted
   * @param {Difference} difference
   */
  function allCredentials(wanted, difference) {
    const isChanged = new Set(difference.credentials);
    /** @type {Credentials} */
    const credentials = {};
    for (const id of wanted.nodes.keys()) {
      const own = isChanged.has(id) ? wanted.credentials.get(id) : live.wanted(id, wanted.credentials);
      if (own || runtime.nodes.getCredentials(id)) {
        credentials[id] = structuredClone(own || {});
      }
    }
    return credentials;
  }

  /**
   * Starts an update whose types have come.
   *
   * @param {Held} expected
   */
  async function completeNow({ update, stopped }) {
    const begun = Date.now();
    const difference = compare(running, handed);
    const outcome = await hand(handed, compare(handed, handed));
    settle(handed, outcome, update);
    if (held) {
      return;
    }
    const restarted = new Set([...stopped, ...outcome.restarted]);
    const result = applied(difference, difference.changed, { ...outcome, restarted }, begun);
    log(...report(update?.revision, result, true));
    onCompleted({ revision: update?.revision, ...result });
  }

  /** The flow arrays that run or are about to: a type that one of them has is in use. */
  function flows() {
    const updates = newest.inHand().concat(waiting || []);
    return [handed.flows, running.flows, ...updates.map((update) => update.flows)];
  }

  /**
   * Calls `task` with a function `restartTypes(types)` while no update is being applied, and
   * applies none until it is over. A load or start of Node-RED's own is not waited for.
   *
   * @template T
   * @param {(restarting: { restartTypes: (types: string[]) => Promise<number> }) => T | Promise<T>} task
   * @returns {Promise<T>}
   */
  function exclusively(task) {
    return queue.exclusively(() => task({ restartTypes }));
  }

  /**
   * Restarts the nodes of types whose code has been replaced, and nothing else. Where nothing
   * can be started now, the next update or load runs the new code. Resolves with the number of
   * nodes restarted.
   *
   * @param {string[]} types
   */
  async function restartTypes(types) {
    outdated.add(types);
    if (watch.isIdle()) {
      return restartNow();
    }
    queue
      .update(restartNow)
      .catch((error) => log('error', `Nodes could not be restarted with their new code: ${error.message}`));
    return 0;
  }

  async function restartNow() {
    const isStanding = held || unstarted || failed || isClosed || !watch.hasRunningFlows();
    if (isStanding || runtime.settings.safeMode || outdated.nodesOf(handed.flows).size === 0) {
      return 0;
    }
    const outcome = await hand(handed, compare(handed, handed), 'nodes');
    settle(handed, outcome);
    return outcome.restarted.size;
  }

  /**
   * After a deploy of a user that was refused: Node-RED has already put its
   * credentials into the live cache. Those of the last update come back, save
   * where a node of this instance had renewed its own.
   */
  async function restoreCredentials() {
    return queue.inTurn(() => live.restore(handed.nodes.keys(), handed.credentials));
  }

  function close() {
    isClosed = true;
    watch.close();
    live.close();
  }

  return {
    beforeLoad,
    seed,
    apply: newest.apply,
    whenStarted,
    idle: queue.idle,
    isOwnSave: calls.isOwnSave,
    ownLoad: calls.ownLoad,
    restoreCredentials,
    flows,
    exclusively,
    /** The newest update that waits for Node-RED to leave safe mode, if any. */
    waitingUpdate: () => waiting,
    close
  };
}

module.exports = { createReload };
