'use strict';

// Flows that would be the end of Node-RED, here and on every worker: none are saved, and those that
// are on the disk already are not mirrored.

const { codedError } = require('../errors');
const { flowFault } = require('../flows/validate');

/**
 * @import { Log } from '../types/core'
 * @import { FlowNode } from '../types/node-red'
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

module.exports = { mayBeMirrored, refuseUnrunnable };
