'use strict';

const { AsyncLocalStorage } = require('node:async_hooks');

const { codedError } = require('../errors');

/** @import { Credentials, DeployType, EncryptedCredentials, FlowNode, FlowsEvent, Runtime } from '../types/node-red' */

/**
 * What Node-RED's load asks of its storage; the credentials in the form that it loads.
 *
 * @typedef {{ flows: FlowNode[], credentials: Credentials | EncryptedCredentials }} Stored
 */

/**
 * One call of Node-RED's, and what Node-RED has said meanwhile.
 *
 * @typedef {object} Call
 * @property {Stored} [stored] what a load on our behalf is to be given
 * @property {boolean} isOpen
 * @property {boolean} isSaving it saves the flows that it was handed
 * @property {boolean} [isDeployed]
 * @property {() => void} onDeployed
 * @property {FlowsEvent} [difference]
 * @property {string[]} missingTypes
 * @property {string[]} missingModules
 */

/** @typedef {ReturnType<typeof createOwnCalls>} OwnCalls */

/**
 * Calls Node-RED's `setFlows`, or its `loadFlows`, and waits for the real end of it.
 *
 * The promise that they give says that the start has begun, and says
 * `undefined` when stopping failed; the `runtime-deploy` event says that the
 * start is over. Which events and saves are of our own making is known by the
 * asynchronous context that they run in.
 *
 * @param {{ runtime: Runtime, deadline: number }} params `deadline`: in ms, for one deploy
 */
function createOwnCalls({ runtime, deadline }) {
  /** @type {AsyncLocalStorage<Call>} */
  const context = new AsyncLocalStorage();

  function current() {
    const call = context.getStore();
    // Nodes keep the context they were created in: a call that is over is nobody's.
    return call && call.isOpen ? call : undefined;
  }

  function isOwn() {
    return current() !== undefined;
  }

  /** True while Node-RED saves, on our behalf, the flows that we have just handed over. */
  function isOwnSave() {
    const call = current();
    return call !== undefined && call.isSaving;
  }

  /**
   * @param {string} name
   * @param {any} payload
   */
  function onOwn(name, payload) {
    const call = current();
    if (!call) {
      return;
    }
    if (name === 'flows:stopping' || name === 'flows:starting') {
      call.isSaving = false;
      if (name === 'flows:stopping' || !call.difference) {
        call.difference = { type: payload.type, diff: payload.diff };
      }
    } else if (name === 'runtime-state') {
      if (payload.error === 'missing-types') {
        call.missingTypes = [...(payload.types || [])];
      } else if (payload.error === 'missing-modules') {
        call.missingModules = (payload.modules || []).map((/** @type {{ module: string }} */ { module }) => module);
      }
    } else if (name === 'runtime-deploy') {
      call.isDeployed = true;
      call.onDeployed();
    }
  }

  /** What Node-RED, in a load on our behalf, is to be given as stored. */
  function ownLoad() {
    return current()?.stored;
  }

  /**
   * One `setFlows` to its end; resolves with what Node-RED said meanwhile.
   *
   * @param {FlowNode[]} flows
   * @param {Credentials | null} credentials
   * @param {DeployType} type
   */
  function deploy(flows, credentials, type) {
    return toItsEnd(() => runtime.nodes.setFlows(flows, credentials, type));
  }

  /**
   * The same with a load, which stops and starts everything: for flows that Node-RED can't compare
   * with those that it has.
   *
   * @param {Stored} stored
   */
  function load(stored) {
    return toItsEnd(() => runtime.nodes.loadFlows(true), stored);
  }

  /**
   * @param {() => Promise<string | undefined>} begin
   * @param {Stored} [stored]
   * @returns {Promise<Call>}
   */
  function toItsEnd(begin, stored) {
    /** @type {Call} */
    const call = {
      stored,
      isOpen: true,
      isSaving: true,
      isDeployed: false,
      onDeployed() {},
      missingTypes: [],
      missingModules: []
    };
    const before = runtime.nodes.getFlows();
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        end(
          reject,
          codedError(
            'ERR_VALKEY_RELOAD_TIMEOUT',
            `Node-RED has not finished the update within ${Math.round(deadline / 1000)} s.`
          )
        );
      }, deadline);
      timer.unref();

      /**
       * @template T
       * @param {(value: T) => void} settle
       * @param {T} value
       */
      function end(settle, value) {
        clearTimeout(timer);
        call.isOpen = false;
        call.onDeployed = () => {};
        settle(value);
      }

      let accepted = false;
      let isComparing = false;
      call.onDeployed = () => {
        if (accepted) {
          end(resolve, call);
        }
      };
      context.run(call, () =>
        Promise.resolve()
          .then(() => {
            isComparing = true;
            const begun = begin();
            isComparing = false;
            return begun;
          })
          .then((revision) => {
            call.isSaving = false;
            if (revision === undefined) {
              end(
                reject,
                codedError(
                  'ERR_VALKEY_RELOAD',
                  'Node-RED could not stop the nodes that the update changes; its log may tell more.'
                )
              );
              return;
            }
            accepted = true;
            if (call.isDeployed) {
              end(resolve, call);
            }
          })
          .catch((cause) => {
            const error = codedError(
              'ERR_VALKEY_RELOAD',
              `Node-RED did not take the update: ${cause && cause.message}`
            );
            // Node-RED saves before it changes anything, and may fail after that too.
            const isRefused = runtime.nodes.getFlows() === before;
            // Node-RED compares before all that, and at once.
            end(reject, Object.assign(error, { cause, isRefused, isIncomparable: isComparing }));
          })
      );
    });
  }

  /**
   * Node-RED's own start, for flows that a failed update has left stopped.
   */
  async function startAgain() {
    /** @type {Call} */
    const call = { isOpen: true, isSaving: false, onDeployed() {}, missingTypes: [], missingModules: [] };
    try {
      await context.run(call, () => runtime.nodes.startFlows());
    } finally {
      call.isOpen = false;
    }
  }

  return { deploy, load, isOwn, isOwnSave, onOwn, ownLoad, startAgain };
}

module.exports = { createOwnCalls };
