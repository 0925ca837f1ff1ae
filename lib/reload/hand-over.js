'use strict';

const { missingTypes } = require('../flows/missing-types');
const { isOrdinary } = require('../flows/oddity');
const { createChange } = require('./change');
const { rewiresConfiguration } = require('./comparable');
const { hold } = require('./hold');
const { outcomeOf } = require('./result');

/**
 * @import { ReloadMode } from '../../binding'
 * @import { RuntimeWatch } from '../flows/runtime-watch'
 * @import { Log } from '../types/core'
 * @import { Credentials, DeployType, EncryptedCredentials, Runtime } from '../types/node-red'
 * @import { Configuration, Difference } from './comparison'
 * @import { LiveCredentials } from './live-credentials'
 * @import { Marking } from './marking'
 * @import { Outdated } from './outdated'
 * @import { OwnCalls } from './own-calls'
 * @import { Outcome } from './result'
 * @import { Standing } from './standing'
 */

/** @typedef {ReturnType<typeof createHandOver>} HandOver */

/**
 * Hands a configuration to Node-RED: what differs, or everything where Node-RED can't tell that.
 *
 * @param {object} params
 * @param {Runtime} params.runtime
 * @param {ReloadMode} params.mode
 * @param {Standing} params.standing of which nothing but `failed` is changed here
 * @param {RuntimeWatch} params.watch
 * @param {OwnCalls} params.calls
 * @param {LiveCredentials} params.live
 * @param {Marking} params.marking
 * @param {Outdated} params.outdated
 * @param {(credentials: Credentials) => Credentials | EncryptedCredentials} params.seal gives plain credentials the
 *   form in which this Node-RED loads them
 * @param {(level: keyof Log, text: string) => void} params.log
 */
function createHandOver(params) {
  const { runtime, standing, watch, calls, live, marking, outdated, seal, log } = params;
  const getType = (/** @type {string} */ type) => runtime.nodes.getType(type);
  const onBroken = () => {
    standing.failed = true;
  };
  const { change, attempt } = createChange({ ...params, onBroken });

  /**
   * @param {Configuration} wanted
   * @param {Difference} difference
   * @param {DeployType} [only]
   * @returns {Promise<Outcome>}
   */
  async function handOver(wanted, difference, only) {
    try {
      if (standing.failed) {
        return await recover(wanted, difference);
      }
      return await (only || isStartable(wanted, difference)
        ? change(wanted, difference, only)
        : loadAnew(wanted, difference));
    } catch (error) {
      if (!error.isIncomparable) {
        throw error;
      }
      log('warn', `${error.message}; it loads all flows anew instead`);
      return loadAnew(wanted, difference);
    }
  }

  /**
   * Whether Node-RED comes through the start of all nodes, should it take one: it fails at a configuration node whose wires
   * have changed, and so leaves the rest of a tab unstarted. What waits for types does not start.
   *
   * @param {Configuration} wanted
   * @param {Difference} difference
   */
  function isStartable(wanted, difference) {
    const { handed } = standing;
    return (
      (isOrdinary(handed.flows) && isOrdinary(wanted.flows)) ||
      !rewiresConfiguration(difference, handed.nodes, wanted.nodes) ||
      missingTypes(wanted.flows, getType).length > 0
    );
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
    return outcomeOf(call, standing.handed, wanted, awaited);
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
      return outcomeOf(call, standing.handed, wanted, awaited);
    } catch (error) {
      remember();
      if (!error.isRefused) {
        onBroken();
      }
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

  return handOver;
}

module.exports = { createHandOver };
