'use strict';

/** @import { FlowsModule, FlowsUtil } from '../../types/node-red' */

/**
 * Of what placement relies on, what is not so in the Node-RED that is running; undefined when everything is.
 *
 * @param {object} parts
 * @param {Partial<FlowsUtil>} parts.util where flows are read, and what differs is found
 * @param {Partial<FlowsModule>} parts.flows where they are started and stopped
 */
function deviation({ util, flows }) {
  if (typeof util.parseConfig !== 'function' || util.parseConfig.length !== 1) {
    return 'parseConfig is not the function that was known';
  }
  if (!String(flows.setFlows).includes('flowUtil.parseConfig(')) {
    return 'parseConfig is not called as it was';
  }
  if (!String(flows.startFlows).includes('activeFlowConfig.flows[id].disabled')) {
    return 'a start does not look at which tabs are disabled as it did';
  }
  if (
    !/emit\("flows:starting"(?:(?!\bawait\b)[\s\S])*activeFlowConfig\.flows\[id\]\.disabled/.test(
      String(flows.startFlows)
    )
  ) {
    return 'a start does not announce itself before it looks at that';
  }
  if (!String(flows.eachNode).includes('(activeFlowConfig.allNodes[id])')) {
    return 'eachNode does not show what was read';
  }
  if (!/newConfig\.flows\[id\]\.disabled/.test(String(util.diffConfigs))) {
    return 'the look for what differs does not go by which tabs are disabled as it did';
  }
  if (typeof flows.getFlow !== 'function' || flows.getFlow.length !== 1) {
    return 'getFlow is not the function that was known';
  }
  return undefined;
}

module.exports = { deviation };
