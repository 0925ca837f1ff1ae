'use strict';

const { dropInside, markInstances, markNested } = require('./inside');
const { areOddlyNamed, linkedWith, linksOf } = require('./links');
const { markNew, markOld, markTabs } = require('./nodes');
const { markReferring } = require('./references');
const { sideOf } = require('./side');
const { atOnce } = require('./steps');

/**
 * @import { FlowDifference, FlowNode, ParsedFlows } from '../../types/node-red'
 * @import { Release } from './differs'
 * @import { Places } from './same'
 * @import { Compared, Marks } from './side'
 * @import { Steps } from './steps'
 */

/**
 * @param {ParsedFlows | null} flows as Node-RED has read them
 * @returns {Compared}
 */
function comparedOf(flows) {
  return flows ? { ...flows, side: sideOf(flows.allNodes) } : { flows: {}, subflows: {}, side: sideOf({}) };
}

/**
 * What Node-RED's `diffConfigs` of that release finds, in a time that grows with the number of nodes and not with its square;
 * found step by step. Of those that are the same it looks at what others have to do with them; only of flows in which that can't
 * fail are they known.
 *
 * @param {Compared} before
 * @param {Compared} next
 * @param {Release & { same?: Places }} release
 * @returns {Steps<FlowDifference>}
 */
function* lookForDifference(before, next, release) {
  const [from, to] = [before.side, next.side];
  /** @type {Marks} */
  const marks = {
    added: {},
    removed: {},
    changed: {},
    rewired: {},
    subflows: {},
    flowChanged: {},
    isOddlyWired: false,
    isGlobal: false,
    kept: 0,
    hasGroup: false
  };
  /** @type {FlowNode[]} */
  const nested = [];
  markTabs(before.flows, next.flows, from.nodes, marks);
  yield* markOld(from, to, marks, release);
  yield* markNew(from, to, marks, { ...release, nested });
  yield* markReferring(from.nodes, to, marks, release.same);
  const { added, removed, changed, rewired, flowChanged } = marks;
  if (Object.keys(next.subflows).length > 0) {
    dropInside(to, changed);
  }
  markNested(nested, changed);
  markInstances(to, marks);
  const found = {
    added: Object.keys(added),
    changed: Object.keys(changed),
    removed: Object.keys(removed),
    rewired: Object.keys(rewired)
  };
  const difference = {
    ...found,
    linked: [],
    ...(release.knowsScopes ? { flowChanged: Object.keys(flowChanged), globalConfigChanged: marks.isGlobal } : {})
  };
  const findLinked = () => {
    const modified = [...found.added, ...found.changed, ...found.removed, ...found.rewired];
    const links = linksOf(from.nodes, to.nodes);
    return linkedWith(modified, links).filter((id) => !changed[id] && !added[id] && !removed[id] && !rewired[id]);
  };
  // Node-RED's look may fail there, and what is done then has to be done now.
  const isOdd = marks.isOddlyWired || areOddlyNamed(from.nodes) || areOddlyNamed(to.nodes);
  return isOdd ? { ...difference, linked: findLinked() } : withLinked(difference, findLinked);
}

/**
 * The same difference, whose `linked` is found when somebody asks for it: deploys of one kind do, and that takes as long as all
 * the rest.
 *
 * @param {FlowDifference} difference
 * @param {() => string[]} find
 */
function withLinked(difference, find) {
  const set = (/** @type {string[]} */ value) =>
    Object.defineProperty(difference, 'linked', { value, enumerable: true, writable: true, configurable: true });
  return Object.defineProperty(difference, 'linked', {
    enumerable: true,
    configurable: true,
    get() {
      const linked = find();
      set(linked);
      return linked;
    },
    set
  });
}

/**
 * The same at once, of flows as Node-RED has read them.
 *
 * @param {ParsedFlows | null} before
 * @param {ParsedFlows} next
 * @param {Release} release
 */
function differenceOf(before, next, release) {
  return atOnce(lookForDifference(comparedOf(before), comparedOf(next), release));
}

module.exports = { comparedOf, differenceOf, lookForDifference };
