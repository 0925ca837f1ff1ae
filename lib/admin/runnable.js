'use strict';

// Flows that would be the end of Node-RED, here and on every worker: none are saved, and those that
// are on the disk already are not mirrored.

const { codedError } = require('../errors');
const { areSpoiling, flowFault } = require('../flows/validate');

/**
 * @import { Log } from '../types/core'
 * @import { FlowNode, FlowsApi } from '../types/node-red'
 * @import { Notices } from './notices'
 */

/**
 * Throws ERR_VALKEY_FLOWS for flows that are about to be saved.
 *
 * @param {FlowNode[]} flows
 * @param {Log} log
 */
function refuseUnrunnable(flows, log) {
  const fault = flowFault(flows);
  if (fault) {
    const problem = `Node-RED can't run these flows: ${fault}`;
    log.error(`${problem}; they are not saved, and what runs goes on`);
    throw codedError('ERR_VALKEY_FLOWS', `${problem}. Nothing was saved: correct it and deploy again.`);
  }
}

/**
 * What deploys come through, by Node-RED's API.
 *
 * @type {WeakSet<object>}
 */
const guarded = new WeakSet();

/**
 * Refuses as well what spoils every object as soon as Node-RED reads it: it does that before it has flows saved. Without the
 * API that deploys come through, that is refused as everything else is.
 *
 * @param {FlowsApi | null} api
 * @param {Log} log
 */
function refuseSpoiling(api, log) {
  if (!api || guarded.has(api)) {
    return;
  }
  guarded.add(api);
  for (const name of /** @type {const} */ (['setFlows', 'addFlow', 'updateFlow'])) {
    const original = api[name];
    if (typeof original === 'function') {
      api[name] = async (/** @type {any} */ options) => {
        const { flows, flow } = options ?? {};
        for (const list of [flows?.flows, flow?.nodes, flow?.configs, flow?.subflows]) {
          if (Array.isArray(list) && areSpoiling(list)) {
            refuseUnrunnable(list, log);
          }
        }
        return /** @type {Function} */ (original).call(api, options);
      };
    }
  }
}

/**
 * Whether flows that were read from the disk may be mirrored, as far as they go: Node-RED makes of
 * them what it can, and workers go on as they are. Log and editor say so.
 *
 * @param {FlowNode[]} flows
 * @param {{ log: Log, notices: Pick<Notices, 'show' | 'end'> }} tell
 */
function mayBeMirrored(flows, { log, notices }) {
  const fault = flowFault(flows);
  if (fault) {
    const problem = `Node-RED can't run the flows on this disk: ${fault}. They are not mirrored, and workers keep what they run, until others are loaded or deployed`;
    log.error(problem);
    notices.show('held', `${problem}.`);
  } else {
    notices.end('held');
  }
  return !fault;
}

module.exports = { mayBeMirrored, refuseSpoiling, refuseUnrunnable };
