'use strict';

const { keyOf } = require('../../flows/key');
const { flowsParts } = require('../../node-red');
const { deviation } = require('./expectation');
const { createRead } = require('./read');

/**
 * @import { FlowNode, FlowsModule, FlowsUtil, ParsedFlows, ParsedTab, Runtime } from '../../types/node-red'
 * @import { Read, Reading } from './read'
 */

/** The environment variable of a tab that runs once: a number that grows with every change of who runs it. */
const FENCE = 'CLUSTER_FENCE';

/**
 * What becomes of a tab here; `fence`, if it has one, is what its nodes find in `CLUSTER_FENCE`.
 *
 * @typedef {{ runs: boolean, fence?: number }} Fate
 */

/**
 * Who decides, and whether nothing at all is to run.
 *
 * @typedef {{ fateOf: (id: string, tab: ParsedTab) => Fate, runsNothing: boolean }} Decision
 */

/** @typedef {{ decision: Decision | null, read: Read }} Slot */

/**
 * By Node-RED's functions for flows: it can be started again in one process.
 *
 * @type {WeakMap<object, Slot>}
 */
const hooked = new WeakMap();

/**
 * Has Node-RED take tabs that don't run here for disabled, each time that it reads flows for a start or a deploy. It
 * reads a copy: the editor, the storage and its API know nothing of it. Returns a function that ends this, or what is not
 * as expected in the Node-RED that is running: then nothing is changed.
 *
 * @param {Runtime} runtime
 * @param {Decision} decision
 * @returns {{ close: () => void, read: Read } | { problem: string }}
 */
function hookFlows(runtime, decision) {
  const parts = flowsParts(runtime);
  if (!parts) {
    return { problem: 'its functions for flows are not found among the loaded files' };
  }
  let slot = hooked.get(parts.util);
  if (!slot) {
    const problem = deviation(parts);
    if (problem) {
      return { problem };
    }
    slot = { decision: null, read: createRead(parts.flows) };
    hooked.set(parts.util, slot);
    wrap(parts, slot);
  }
  const held = slot;
  held.decision = decision;
  return {
    read: held.read,
    close() {
      if (held.decision === decision) {
        held.decision = null;
      }
    }
  };
}

/**
 * @param {{ util: FlowsUtil, flows: FlowsModule }} parts
 * @param {Slot} slot
 */
function wrap({ util, flows }, slot) {
  const { parseConfig } = util;
  util.parseConfig = (config) => {
    const parsed = parseConfig(config);
    if (slot.decision) {
      slot.read.note(parsed, place(parsed, slot.decision));
    }
    return parsed;
  };
  const { getFlow } = flows;
  flows.getFlow = (id) => {
    const found = getFlow(id);
    return found && id !== 'global' && slot.decision ? asStored(found, flows.getFlows()?.flows || []) : found;
  };
}

/**
 * Returns the tabs that run with a fence, by id.
 *
 * @param {ParsedFlows} parsed
 * @param {Decision} decision
 */
function place(parsed, { fateOf, runsNothing }) {
  /** @type {Map<string, Reading>} */
  const fenced = new Map();
  for (const [id, tab] of Object.entries(parsed.flows)) {
    const { runs, fence } = runsNothing ? { runs: false, fence: undefined } : fateOf(id, tab);
    if (!runs) {
      tab.disabled = true;
    } else if (fence !== undefined) {
      tab.env = withFence(tab.env, fence);
      if (!tab.disabled) {
        fenced.set(id, { fence, tab });
      }
    }
  }
  if (runsNothing) {
    // Disabled as a person does it, and not to be seen in a copy: Node-RED's API shows these.
    for (const node of Object.values(parsed.configs)) {
      Object.defineProperty(node, 'd', { value: true, enumerable: false });
    }
  }
  return fenced;
}

/**
 * @param {unknown} env
 * @param {number} fence
 */
function withFence(env, fence) {
  const others = Array.isArray(env) ? env.filter((item) => item?.name !== FENCE) : [];
  return [...others, { name: FENCE, type: 'num', value: String(fence) }];
}

/**
 * What Node-RED's API tells of one tab, which it takes from what it has read.
 *
 * @param {{ id: string }} told
 * @param {FlowNode[]} flows as they are stored
 */
function asStored(told, flows) {
  const tab = flows.filter(({ type, id }) => type === 'tab' && keyOf(id) === told.id).at(-1);
  /** @type {{ id: string, [property: string]: unknown }} */
  const result = { ...told };
  for (const name of ['disabled', 'env']) {
    if (tab && Object.hasOwn(tab, name)) {
      result[name] = tab[name];
    } else {
      delete result[name];
    }
  }
  return result;
}

module.exports = { FENCE, hookFlows };
