'use strict';

const { NAMES_OF_EVERY_OBJECT, keyOf } = require('./key');
const { INSTANCE } = require('./oddity');
const { STRUCTURE, isInEditor } = require('./structure');

/** @import { FlowNode } from '../types/node-red' */

/**
 * A tab or subflow, with the groups in it and the subflows that it uses.
 *
 * @typedef {{ entry: FlowNode, groups: Map<string, FlowNode>, uses: Set<string> }} Container
 */

/**
 * @param {FlowNode} entry
 * @returns {Container}
 */
const containerOf = (entry) => ({ entry, groups: new Map(), uses: new Set() });

/**
 * The tabs and subflows of a flow array.
 *
 * @param {FlowNode[]} flows
 */
function containersOf(flows) {
  /** @param {string} wanted */
  const ofType = (wanted) =>
    new Map(flows.filter(({ type }) => type === wanted).map((node) => [keyOf(node.id), containerOf(node)]));
  const [tabs, subflows] = [ofType('tab'), ofType('subflow')];
  for (const node of flows) {
    const z = keyOf(node.z);
    let container = tabs.get(z) || subflows.get(z);
    if (node.type === 'group') {
      container?.groups.set(keyOf(node.id), node);
    } else if (!STRUCTURE.has(node.type) && isInEditor(node)) {
      // Configuration nodes are never instances.
      if (!container && node.z) {
        // Node-RED makes such a tab, without groups.
        container = containerOf({ type: 'tab', id: node.z });
        tabs.set(z, container);
      }
      const used = INSTANCE.exec(node.type)?.[1] || node.subflow;
      if (used && node.d !== true) {
        container?.uses.add(keyOf(used));
      }
    }
  }
  return { tabs, subflows };
}

/**
 * A group that Node-RED waits for without end: it starts each one after the group that it is in,
 * which has to be in the same tab or subflow.
 *
 * @param {Map<string, FlowNode>} groups
 * @param {boolean} areStarted otherwise one that is not there is not missed
 */
function waitingGroup(groups, areStarted = true) {
  /** @type {Set<string>} */
  const started = new Set();
  for (const [start, waiting] of groups) {
    /** @type {Set<string>} */
    const path = new Set();
    let at = start;
    while (!started.has(at)) {
      const group = groups.get(at);
      if (!group && !areStarted) {
        break;
      }
      if (!group || path.has(at)) {
        return waiting;
      }
      path.add(at);
      if (!group.g || NAMES_OF_EVERY_OBJECT.has(keyOf(group.g))) {
        break;
      }
      at = keyOf(group.g);
    }
    path.forEach((name) => started.add(name));
  }
  return undefined;
}

/**
 * The subflows that are started with these; `recursive`: one of them that is within itself.
 *
 * @param {string[]} uses
 * @param {Map<string, Container>} subflows
 * @returns {{ started: Container[], recursive?: FlowNode }}
 */
function startedSubflows(uses, subflows) {
  /** @type {Set<string>} */
  const done = new Set();
  /** @type {Set<string>} */
  const onPath = new Set();
  /** @type {Container[]} */
  const started = [];
  // Without recursion: a chain may be longer than the stack.
  const path = [{ id: '', rest: [...uses] }];
  for (let last = path.at(-1); last; last = path.at(-1)) {
    const next = last.rest.pop();
    const subflow = next === undefined ? undefined : subflows.get(next);
    if (next === undefined) {
      onPath.delete(last.id);
      path.pop();
    } else if (subflow && onPath.has(next)) {
      return { started, recursive: subflow.entry };
    } else if (subflow && !done.has(next)) {
      done.add(next);
      onPath.add(next);
      started.push(subflow);
      path.push({ id: next, rest: [...subflow.uses] });
    }
  }
  return { started };
}

/**
 * The group or subflow at which Node-RED's start of these flows would never end, or undefined.
 *
 * @param {FlowNode[]} flows
 * @param {boolean} startsGroups as Node-RED does since 3.1; before that, variables are looked for in any group
 */
function endlessEntry(flows, startsGroups) {
  if (!flows.some(({ type }) => type === 'group' || type === 'subflow')) {
    return undefined;
  }
  const { tabs, subflows } = containersOf(flows);
  const running = [...tabs.values()].filter(({ entry }) => !entry.disabled);
  const uses = running.flatMap((tab) => [...tab.uses]);
  const { started, recursive } = startedSubflows(uses, subflows);
  const groups = running.concat(started).map((container) => container.groups);
  const waiting = startsGroups
    ? groups.map((each) => waitingGroup(each)).find(Boolean)
    : waitingGroup(new Map(groups.flatMap((each) => [...each])), false);
  return recursive || waiting;
}

module.exports = { endlessEntry };
