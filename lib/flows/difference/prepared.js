'use strict';

const { keyOf } = require('../key');
const { isOrdinary } = require('../oddity');
const { nextTurn } = require('../turn');
const { comparedOf, lookForDifference } = require('./found');
const { foundLater } = require('./later');
const { isOddlyWired } = require('./links');
const { isAsWritten, sameObjects, standsAlone } = require('./same');
const { inSteps, overTurns } = require('./steps');
const { createTexts } = require('./texts');

/**
 * @import { DifferencePreparation } from '../../types/core'
 * @import { FlowDifference, FlowNode, ParsedFlows } from '../../types/node-red'
 * @import { Release } from './differs'
 * @import { Text } from './later'
 * @import { Places } from './same'
 * @import { Compared, NodesById } from './side'
 * @import { Steps } from './steps'
 */

/**
 * What a deploy of an array will change in what Node-RED has read last.
 *
 * @typedef {object} Prepared
 * @property {ParsedFlows} before
 * @property {Map<string, boolean>[]} tabs which are disabled, before and after
 * @property {FlowDifference} difference
 * @property {boolean} isSteady no look for what differs in these flows can fail
 * @property {FlowNode[]} [objects] what they are of, where nobody changes what is in it
 * @property {Uint8Array} [alone] by the places of nodes, 1 where its text is all that counts of one
 * @property {(text?: Text) => Promise<void>} [goOn] it has not been found yet, and is in this way
 */

/**
 * What has been found for flows that Node-RED has read, and is about to save.
 *
 * @typedef {{ next: ParsedFlows, alone: Uint8Array } & Pick<Prepared, 'before' | 'goOn'>} Taken
 */

/** Object keys that are numbers come first, whatever the order of an array. */
const NUMBER = /^\d+$/;

/**
 * Whether tabs are disabled, as it counts.
 *
 * @param {Compared['flows']} flows
 */
function disabledOf(flows) {
  return new Map(Object.entries(flows).map(([id, { disabled }]) => [id, Boolean(disabled || false)]));
}

/**
 * @param {Map<string, boolean>} some
 * @param {Map<string, boolean>} others
 */
function areSame(some, others) {
  return some.size === others.size && [...some].every(([id, disabled]) => others.get(id) === disabled);
}

/**
 * Flows as Node-RED will have read them, step by step; undefined where it makes something else of them than they say.
 *
 * @param {FlowNode[]} flows
 * @param {ParsedFlows} before
 * @returns {Steps<Compared | undefined>}
 */
function* comparedFrom(flows, before) {
  if (!isOrdinary(flows)) {
    return undefined;
  }
  yield;
  const old = /** @type {NodesById} */ (before.allNodes);
  /** @type {NodesById} */
  const nodes = {};
  /** @type {Compared} */
  const compared = { flows: {}, subflows: {}, side: { nodes, ids: [], list: flows } };
  let isSure = true;
  yield* inSteps(flows.length, (index) => {
    const node = flows[index];
    const id = keyOf(node.id);
    isSure &&= typeof node.id === 'string' && !NUMBER.test(id);
    compared.side.ids.push(id);
    nodes[id] = node;
    if (node.type === 'tab') {
      // Which tabs run here is decided as they are read: that of one that has not changed most likely as before.
      const was = old[id]?.disabled === node.disabled ? before.flows[id] : undefined;
      compared.flows[id] = { disabled: (was || node).disabled };
    } else if (node.type === 'subflow') {
      compared.subflows[id] = node;
    }
  });
  return isSure ? compared : undefined;
}

/**
 * By the places of nodes, 1 where its text is all that counts of one; step by step.
 *
 * @param {FlowNode[]} flows
 * @returns {Steps<Uint8Array>}
 */
function* aloneIn(flows) {
  const alone = new Uint8Array(flows.length);
  yield* inSteps(flows.length, (place) => {
    alone[place] = standsAlone(flows[place]) && isAsWritten(flows[place]) ? 1 : 0;
  });
  return alone;
}

/**
 * Whether nothing in an ordinary node can have a look for what differs fail.
 *
 * @param {FlowNode} node
 */
function isSteadyNode(node) {
  return !isOddlyWired(node) && (node.type !== 'group' || !node.nodes || Array.isArray(node.nodes));
}

/**
 * Looks for what large deploys will change before they begin, with turns of the event loop between the steps: in the turn in
 * which Node-RED reads and compares the flows, it finds that done.
 *
 * @param {Release} release
 * @param {() => ParsedFlows | undefined} last what Node-RED has read last
 */
function createPreparation(release, last) {
  /** @type {WeakMap<FlowNode[], Prepared>} */
  const all = new WeakMap();
  /**
   * What Node-RED has read of flows in which no look for what differs can fail.
   *
   * @type {WeakSet<ParsedFlows>}
   */
  const steady = new WeakSet();
  /**
   * Of which objects it has read flows.
   *
   * @type {WeakMap<ParsedFlows, FlowNode[]>}
   */
  const read = new WeakMap();
  const between = createTexts();
  /**
   * What has been taken, for as long as somebody has the difference.
   *
   * @type {WeakMap<FlowDifference, Taken>}
   */
  const inUse = new WeakMap();
  /** @type {WeakRef<Taken> | undefined} */
  let taken;
  /** How often Node-RED has looked since it last had flows saved. */
  let looks = 0;

  /**
   * @param {FlowNode[]} flows
   * @param {ParsedFlows} before
   * @param {boolean} isLater
   * @returns {Steps<void>}
   */
  function* look(flows, before, isLater) {
    const next = yield* comparedFrom(flows, before);
    if (!next) {
      return;
    }
    const isSteady = flows.every(isSteadyNode);
    yield;
    const tabs = [disabledOf(before.flows), disabledOf(next.flows)];
    const old = comparedOf(before);
    yield;
    const lookFor = (/** @type {Places | undefined} */ same) => lookForDifference(old, next, { ...release, same });
    const prepared = { before, tabs, isSteady };
    if (!isLater) {
      const objects = isSteady ? read.get(before) : undefined;
      const difference = yield* lookFor(objects && sameObjects(objects, flows));
      all.set(flows, { ...prepared, difference, objects: flows });
      return;
    }
    const alone = yield* aloneIn(flows);
    const isSure = isSteady && steady.has(before);
    const found = isSure ? foundLater(lookFor, release) : { difference: yield* lookFor(undefined) };
    all.set(flows, { ...prepared, alone, ...found });
  }

  /**
   * @param {FlowNode[]} flows
   * @param {boolean} isLater
   */
  async function prepare(flows, isLater) {
    const before = last();
    await nextTurn();
    if (before) {
      // Whatever is wrong with them, Node-RED will say.
      await overTurns(look(flows, before, isLater)).catch(() => {});
      await nextTurn();
    }
  }

  return {
    /** @type {DifferencePreparation['prepare']} */
    prepare: (flows) => prepare(flows, false),

    /** @type {DifferencePreparation['prepareToSave']} */
    prepareToSave: (flows) => prepare(flows, true),

    /** @type {DifferencePreparation['goOn']} */
    async goOn(preparing) {
      // After more than one look it is not sure that these are the flows of the last.
      const saved = looks === 1 ? taken?.deref() : undefined;
      taken = undefined;
      looks = 0;
      const text = await preparing;
      if (saved) {
        const { before, next, alone, goOn } = saved;
        const isHeld = text && typeof text !== 'string';
        const told = isHeld ? between(before, next, { text, alone }) : undefined;
        await goOn?.(told);
      }
    },

    /**
     * What has been found for an array that Node-RED has just read, if that holds.
     *
     * @param {FlowNode[] | undefined} flows
     * @param {ParsedFlows | null} before
     * @param {ParsedFlows} next
     */
    take(flows, before, next) {
      taken = undefined;
      looks += 1;
      const prepared = flows && all.get(flows);
      if (!prepared) {
        return undefined;
      }
      all.delete(flows);
      const { isSteady, difference, objects, alone, goOn } = prepared;
      if (isSteady) {
        steady.add(next);
      }
      if (objects) {
        read.set(next, objects);
      }
      const [tabsBefore, tabs] = prepared.tabs;
      const holds =
        prepared.before === before &&
        areSame(tabsBefore, disabledOf(before.flows)) &&
        areSame(tabs, disabledOf(next.flows));
      if (!holds) {
        return undefined;
      }
      if (alone) {
        const now = { before, next, alone, goOn };
        inUse.set(difference, now);
        taken = new WeakRef(now);
      }
      return difference;
    }
  };
}

module.exports = { createPreparation };
