'use strict';

const { missingTypes } = require('../flows/missing-types');
const { isComparable } = require('./comparable');
const { deployType, restartsEnvironments } = require('./deploy-type');
const { hold } = require('./hold');
const { outcomeOf } = require('./result');

/**
 * @import { ReloadMode } from '../../binding'
 * @import { RuntimeWatch } from '../flows/runtime-watch'
 * @import { Credentials, DeployType, FlowNode, Runtime } from '../types/node-red'
 * @import { Configuration, Difference } from './comparison'
 * @import { LiveCredentials } from './live-credentials'
 * @import { Marking } from './marking'
 * @import { Outdated } from './outdated'
 * @import { OwnCalls } from './own-calls'
 * @import { Outcome } from './result'
 * @import { Standing } from './standing'
 */

/** @typedef {ReturnType<typeof createChange>} Change */

/**
 * Hands Node-RED what differs.
 *
 * @param {object} params
 * @param {Runtime} params.runtime
 * @param {ReloadMode} params.mode
 * @param {Readonly<Standing>} params.standing
 * @param {RuntimeWatch} params.watch
 * @param {OwnCalls} params.calls
 * @param {LiveCredentials} params.live
 * @param {Marking} params.marking
 * @param {Outdated} params.outdated
 * @param {() => void} params.onBroken Node-RED has stopped in the middle
 */
function createChange({ runtime, mode, standing, watch, calls, live, marking, outdated, onBroken }) {
  const isScopeAware = restartsEnvironments(runtime.settings.version);

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
    if (standing.unstarted) {
      // The wires that run have to be what the next step compares with.
      await attempt(
        hold(marking.mark(standing.handed.flows).marked, standing.running.nodes),
        null,
        watch.hasRunningFlows() ? mode : 'full'
      );
    }
    const awaited = missingTypes(wanted.flows, runtime.nodes.getType);
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
    const call = await attempt(isHeld ? hold(marked, standing.running.nodes) : marked, passed, type, remember);
    commit();
    marking.unmark(runtime.nodes.getFlows()?.flows || [], replaced);
    if (!isHeld) {
      outdated.clear();
    }
    return outcomeOf(call, standing.handed, wanted, awaited);
  }

  /**
   * One deploy to its end. Where Node-RED has refused it, what runs is as it was.
   *
   * @param {FlowNode[]} flows
   * @param {Credentials | null} credentials
   * @param {DeployType} type
   * @param {() => void} [remember]
   */
  async function attempt(flows, credentials, type, remember = () => {}) {
    try {
      return await calls.deploy(flows, credentials, type);
    } catch (error) {
      if (error.isIncomparable || (error.isRefused && !standing.failed)) {
        remember();
        await live.restore(standing.handed.nodes.keys(), standing.handed.credentials);
      } else {
        onBroken();
      }
      throw error;
    }
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
    const { handed } = standing;
    // What is held changes nothing that runs on; all of it is looked at again when it starts.
    const isSure = isHeld || isComparable(handed.flows, wanted.flows, runtime.nodes.getNode);
    const situation = { mode, isScopeAware, isRunning: watch.hasRunningFlows(), isComparable: isSure, isHeld };
    return deployType(situation, difference, handed.nodes, wanted.nodes);
  }

  return { change, attempt };
}

module.exports = { createChange };
