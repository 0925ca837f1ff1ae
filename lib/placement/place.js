'use strict';

const { keyOf } = require('../flows/key');
const { placementOf } = require('./value');

/**
 * @import { Role } from '../../binding'
 * @import { FlowNode } from '../types/node-red'
 */

/**
 * What an instance is to placement.
 *
 * @typedef {{ role: Role, labels: string[], runFlows: boolean }} Self
 */

/** The most of a tab's name that is shown, in characters. */
const LONGEST_NAME = 60;

/**
 * Where a tab is to run is here, elsewhere, or on one of several of which this is one; nowhere, when its placement is
 * wrong.
 *
 * @typedef {'here' | 'elsewhere' | 'once' | 'nowhere'} Place
 */

/**
 * @param {Pick<FlowNode, 'env' | 'id'>} tab
 * @param {Self} self
 * @returns {Place}
 */
function placeOf(tab, { role, labels, runFlows }) {
  const placement = placementOf(tab);
  if ('fault' in placement) {
    return 'nowhere';
  }
  const { kind } = placement;
  if (role === 'admin') {
    return runFlows && (kind === 'all' || kind === 'admin') ? 'here' : 'elsewhere';
  }
  const isMeant = placement.labels.length === 0 || placement.labels.some((label) => labels.includes(label));
  if (kind === 'admin' || !isMeant) {
    return 'elsewhere';
  }
  return kind === 'once' ? 'once' : 'here';
}

/**
 * The tabs of a flow array by their id; of two with one id the last counts, as in Node-RED.
 *
 * @param {FlowNode[]} flows
 */
function tabsOf(flows) {
  return new Map(flows.filter(({ type }) => type === 'tab').map((tab) => [keyOf(tab.id), tab]));
}

/**
 * A tab as it is shown to people: by its name, which need not be one.
 *
 * @param {FlowNode | undefined} tab
 * @param {string} id
 */
function nameOf(tab, id) {
  const name = typeof tab?.label === 'string' && tab.label.trim() !== '' ? tab.label : id;
  const line = name.replace(/\p{C}+/gu, ' ').trim();
  return line.length > LONGEST_NAME ? `${line.slice(0, LONGEST_NAME)}…` : line;
}

/**
 * Of each tab whose placement is wrong what is to be said.
 *
 * @param {FlowNode[]} flows
 */
function faultsOf(flows) {
  /** @type {string[]} */
  const faults = [];
  for (const [id, tab] of tabsOf(flows)) {
    const placement = placementOf(tab);
    if ('fault' in placement) {
      faults.push(`tab '${nameOf(tab, id)}' runs nowhere: ${placement.fault}`);
    }
  }
  return faults;
}

module.exports = { faultsOf, nameOf, placeOf, tabsOf };
