'use strict';

const { missingTypes } = require('../flows/missing-types');
const { createRuntimeWatch } = require('../flows/runtime-watch');
const { createApplication } = require('./application');
const { configuration } = require('./comparison');
const { restartsEnvironments } = require('./deploy-type');
const { createHandOver } = require('./hand-over');
const { createHeldStart } = require('./held');
const { createLiveCredentials } = require('./live-credentials');
const { createMarking } = require('./marking');
const { createMoves } = require('./moves');
const { createNewest } = require('./newest');
const { createOutdated } = require('./outdated');
const { createOwnCalls } = require('./own-calls');
const { createQueue } = require('./queue');
const { createReplacedCode } = require('./replaced-code');
const { nothing } = require('./result');
const { createStanding, noteLoad, noteOutcome } = require('./standing');
const { touchedTabs } = require('./touched');

/**
 * @import { ReloadMode } from '../../binding'
 * @import { Log } from '../types/core'
 * @import { Credentials, EncryptedCredentials, FlowNode, Runtime } from '../types/node-red'
 * @import { Configuration, Update } from './comparison'
 * @import { Outcome, Result } from './result'
 */

const DEADLINE = 5 * 60 * 1000;

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
  const getType = (/** @type {string} */ type) => runtime.nodes.getType(type);
  const standing = createStanding();
  let isClosed = false;

  const calls = createOwnCalls({ runtime, deadline });
  const live = createLiveCredentials(runtime);
  const marking = createMarking({
    isScopeAware: restartsEnvironments(runtime.settings.version),
    hasCredentials: (type) => Boolean(runtime.nodes.getCredentialDefinition(type))
  });
  const outdated = createOutdated({ getType });
  const watch = createRuntimeWatch({
    events: runtime.events,
    isOwn: calls.isOwn,
    onOwn: calls.onOwn,
    onType: () => heldStart.startIfReady()
  });
  const handOver = createHandOver({ runtime, mode, standing, watch, calls, live, marking, outdated, seal, log });
  const application = createApplication({ runtime, standing, handOver, settle, onCompleted, log });
  const queue = createQueue({ watch, deadline });
  const newest = createNewest({
    queue,
    applyNow: application.applyNow,
    superseded: () => nothing({ superseded: true })
  });
  const heldStart = createHeldStart({
    queue,
    ready: () =>
      standing.held && !isClosed && missingTypes(standing.handed.flows, getType).length === 0
        ? standing.held
        : undefined,
    isWanted: (expected) => standing.held === expected && !runtime.settings.safeMode && !isClosed,
    start: application.completeNow,
    log
  });
  const { restartTypes } = createReplacedCode({
    runtime,
    standing,
    watch,
    outdated,
    queue,
    handOver,
    settle,
    isClosed: () => isClosed,
    log
  });

  const { move } = createMoves({ runtime, standing, queue, handOver, settle, isClosed: () => isClosed });

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
    noteLoad(standing, configuration({ flows, credentials }));
    application.forgetWaiting();
    live.forgetAll();
    marking.reset();
    outdated.clear();
    watch.loadBegins();
  }

  /**
   * @param {Configuration} wanted
   * @param {Outcome} outcome
   * @param {Update} [update]
   */
  function settle(wanted, outcome, update) {
    noteOutcome(standing, wanted, outcome, update);
    // The types may have come while Node-RED was still stopping nodes.
    heldStart.startIfReady();
  }

  /** The flow arrays that run or are about to: a type that one of them has is in use. */
  function flows() {
    const updates = newest.inHand().concat(application.waitingUpdate() || []);
    return [standing.handed.flows, standing.running.flows, ...updates.map((update) => update.flows)];
  }

  /**
   * What runs: the flows that Node-RED was given last. While some of that waits or was not started, `touched` has the
   * tabs of which something stands still; after an update that ended in the middle nobody knows them (`null`). Nothing
   * where no flows run.
   *
   * @returns {{ flows: FlowNode[], touched?: Set<string> | null } | undefined}
   */
  function running() {
    const { handed, held, unstarted, failed } = standing;
    if (!watch.hasRunningFlows() || runtime.settings.safeMode) {
      return undefined;
    }
    if (failed) {
      return { flows: handed.flows, touched: null };
    }
    return held || unstarted ? { flows: handed.flows, touched: touchedTabs(standing) } : { flows: handed.flows };
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
   * After a deploy of a user that was refused: Node-RED has already put its
   * credentials into the live cache. Those of the last update come back, save
   * where a node of this instance had renewed its own.
   */
  async function restoreCredentials() {
    return queue.inTurn(() => live.restore(standing.handed.nodes.keys(), standing.handed.credentials));
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
    whenStarted: () => watch.started,
    idle: queue.idle,
    isOwnSave: calls.isOwnSave,
    ownLoad: calls.ownLoad,
    restoreCredentials,
    flows,
    running,
    move,
    exclusively,
    /** The newest update that waits for Node-RED to leave safe mode, if any. */
    waitingUpdate: application.waitingUpdate,
    close
  };
}

module.exports = { createReload };
