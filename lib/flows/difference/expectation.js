'use strict';

const { digestOf } = require('../digest');

/** @import { FlowsModule, FlowsUtil } from '../../types/node-red' */

/**
 * The looks for what differs that were compared with ours, by the digest of their source; `knowsScopes`: see `differs.js`.
 *
 * @type {Map<string, { knowsScopes: boolean }>}
 */
const KNOWN = new Map([
  ['5be48c18f3a90a66cb7545af21acf5ce', { knowsScopes: false }], // 3.0
  ['72304b39da520eac48aa4a78b1ed405e', { knowsScopes: true }] // 3.1 to 5.0
]);

/**
 * Of what this module relies on to find what differs by itself: what is not so in the Node-RED that is running, as a text;
 * otherwise how its release looks.
 *
 * @param {object} parts
 * @param {Partial<FlowsUtil>} parts.util where the look is
 * @param {Partial<FlowsModule>} parts.flows what calls it
 * @param {{ compareObjects?: unknown }} parts.values what it compares values with
 */
function expectation({ util, flows, values }) {
  if (typeof values.compareObjects !== 'function' || values.compareObjects.length !== 2) {
    return { deviation: 'compareObjects is not the function that was known' };
  }
  if (
    !/diff=flowUtil\.diffConfigs\(activeFlowConfig,newFlowConfig\)/.test(String(flows.setFlows).replace(/\s+/g, ''))
  ) {
    return { deviation: 'diffConfigs is not called as it was' };
  }
  const release = KNOWN.get(digestOf([util.diffConfigs, util.diffNodes]));
  return release || { deviation: 'diffConfigs is none of those that were known' };
}

module.exports = { expectation };
