'use strict';

const { AsyncLocalStorage } = require('node:async_hooks');

const { codedError } = require('../errors');

/** @import { Credentials, DeployType, FlowNode, FlowsEvent, Runtime, RuntimeState } from '../types/node-red' */

/**
 * One call of Node-RED's, and what Node-RED has said meanwhile.
 *
 * @typedef {object} Call
 * @property {boolean} isOpen
 * @property {boolean} isSaving it saves the flows that it was handed
 * @property {boolean} [isDeployed]
 * @property {() => void} onDeployed
 * @property {FlowsEvent} [difference]
 * @property {string[]} missingTypes
 * @property {string[]} missingModules
 */

/**
 * Calls Node-RED's `setFlows` and waits for the real end of it.
 *
 * The promise of `setFlows` says that the start has begun, and says
 * `undefined` when stopping failed; the `runtime-deploy` event says that the
 * start is over. Which events and saves are of our own making is known by the
 * asynchronous context that they run in.
 *
 * @param {{ runtime: Runtime, deadline: number }} params `deadline`: in ms, for one deploy
 */
function createDeploy({ runtime, deadline }) {
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

  /**
   * One `setFlows` to its end; resolves with what Node-RED said meanwhile.
   *
   * @param {FlowNode[]} flows
   * @param {Credentials | null} credentials
   * @param {DeployType} type
   * @returns {Promise<Call>}
   */
  function deploy(flows, credentials, type) {
    /** @type {Call} */
    const call = {
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
      call.onDeployed = () => {
        if (accepted) {
          end(resolve, call);
        }
      };
      context.run(call, () =>
        Promise.resolve()
          .then(() => runtime.nodes.setFlows(flows, credentials, type))
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
            end(reject, Object.assign(error, { cause, isRefused }));
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

  return { deploy, isOwn, isOwnSave, onOwn, startAgain };
}

module.exports = { createDeploy };
