'use strict';

const { createRequire } = require('node:module');

const { flowsParts } = require('../../node-red');
const { createSerialQueue } = require('../../serial-queue');
const { MANY } = require('../turn');
const { expectation } = require('./expectation');

/**
 * @import { DifferencePreparation, Log } from '../../types/core'
 * @import { FlowNode, FlowsApi, FlowsModule, FlowsUtil, ParsedFlows, Runtime } from '../../types/node-red'
 * @import { Release } from './differs'
 * @import { createPreparation } from './prepared'
 */

/**
 * By Node-RED's functions for flows: it can be started again in one process.
 *
 * @type {WeakMap<object, DifferencePreparation>}
 */
const hastened = new WeakMap();

/**
 * The calls that prepare deploys, by Node-RED's API.
 *
 * @type {WeakSet<object>}
 */
const preparing = new WeakSet();

/** @type {DifferencePreparation} */
const NOTHING_PREPARED = { prepare: async () => {}, prepareToSave: async () => {}, goOn: async () => {} };

/**
 * Whether nodes can be looked up by id as in what Node-RED makes of nearly all flows: of a node with the id `__proto__` it
 * makes the prototype of all others. And whether it can ask each node for its properties, as it does at some.
 *
 * @param {ParsedFlows | null} flows
 */
function isUsual(flows) {
  const parts = flows ? [flows.flows, flows.subflows, flows.allNodes] : [];
  if (!parts.every((part) => Boolean(part) && Object.getPrototypeOf(part) === Object.prototype)) {
    return false;
  }
  for (const id in flows?.allNodes) {
    if (Object.hasOwn(flows.allNodes[id], 'hasOwnProperty')) {
      return false;
    }
  }
  return true;
}

/**
 * With each deploy Node-RED looks for what differs from the flows that it has, in a time that grows with the square of the
 * number of nodes that do. From here on it finds the same, in the same order, in less: see docs/node-red/diff-configs.md.
 * Where something is not as expected, all stays as it is.
 *
 * Returns what has that look done before Node-RED is handed flows, or while they are saved.
 *
 * @param {Runtime} runtime
 * @param {Pick<Log, 'info'>} log
 * @returns {DifferencePreparation}
 */
function hastenDifference(runtime, log) {
  const parts = flowsParts(runtime);
  const before = parts && hastened.get(parts.util);
  if (before) {
    return before;
  }
  const values = parts ? createRequire(parts.file)('@node-red/util').util : {};
  const found = parts ? expectation({ ...parts, values }) : { deviation: 'it is not found among the loaded files' };
  if (!parts || 'deviation' in found) {
    const deviation = 'deviation' in found ? found.deviation : '';
    log.info(`Node-RED's look for what a deploy changes stays as it is, slow for large flows: ${deviation}`);
    return NOTHING_PREPARED;
  }
  const release = {
    ...found,
    compareObjects: (/** @type {unknown} */ one, /** @type {unknown} */ other) => values.compareObjects(one, other)
  };
  const hook = hasten(parts, runtime.nodes, release);
  hastened.set(parts.util, hook);
  return hook;
}

/**
 * The look itself, loaded with the first deploy: no start compares flows. Nothing where its files are not there: npm may have
 * replaced this package since, and until the restart that this needs, deploys go on.
 */
function loadLook() {
  try {
    const { differenceOf } = require('./found');
    const { createPreparation } = require('./prepared');
    return { differenceOf, createPreparation };
  } catch {
    return undefined;
  }
}

/**
 * @param {{ util: FlowsUtil, flows: Pick<FlowsModule, 'setFlows'> }} parts
 * @param {Partial<Pick<FlowsModule, 'setFlows'>>} nodes where a storage module finds `setFlows`
 * @param {Release} release
 * @returns {DifferencePreparation}
 */
function hasten({ util, flows }, nodes, release) {
  const { diffConfigs, parseConfig } = util;
  /** @type {WeakRef<ParsedFlows> | undefined} */
  let last;
  /** @type {ReturnType<typeof createPreparation> | undefined} */
  let preparation;
  /** @type {FlowNode[] | undefined} */
  let inHand;
  const prepared = () => {
    const look = loadLook();
    return look && (preparation ??= look.createPreparation(release, () => last?.deref()));
  };
  util.parseConfig = (config) => {
    const parsed = parseConfig(config);
    last = new WeakRef(parsed);
    return parsed;
  };
  util.diffConfigs = (before, next) => {
    const look = loadLook();
    const taken = preparation?.take(inHand, before, next);
    if (!look || !isUsual(before) || !isUsual(next)) {
      return diffConfigs(before, next);
    }
    return taken || look.differenceOf(before, next, release);
  };
  for (const part of [flows, nodes]) {
    const { setFlows } = part;
    if (setFlows) {
      part.setFlows = (config, ...more) => {
        inHand = config;
        try {
          // It reads and compares them at once.
          return setFlows(config, ...more);
        } finally {
          inHand = undefined;
        }
      };
    }
  }
  const isLarge = (/** @type {FlowNode[]} */ flows) => Array.isArray(flows) && flows.length >= MANY;
  return {
    prepare: async (flows) => (isLarge(flows) ? prepared()?.prepare(flows) : undefined),
    prepareToSave: async (flows) => (isLarge(flows) ? prepared()?.prepareToSave(flows) : undefined),
    goOn: async (preparing) => preparation?.goOn(preparing)
  };
}

/**
 * Has the deploys of editors prepared, each in its turn. Without the API that they come through they are not.
 *
 * @param {FlowsApi | null} api
 * @param {Pick<DifferencePreparation, 'prepareToSave'>} hook
 */
function prepareDeploys(api, { prepareToSave }) {
  if (!api || preparing.has(api)) {
    return;
  }
  preparing.add(api);
  const { setFlows } = api;
  const turns = createSerialQueue();
  api.setFlows = async (options) => {
    await turns.run(() => prepareToSave(options?.flows?.flows));
    return setFlows.call(api, options);
  };
}

module.exports = { hastenDifference, prepareDeploys };
