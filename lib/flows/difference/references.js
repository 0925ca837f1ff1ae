'use strict';

const { NAMES_OF_EVERY_OBJECT } = require('../key');
const { inSteps } = require('./steps');

/**
 * @import { FlowNode } from '../../types/node-red'
 * @import { Places } from './same'
 * @import { Marks, NodesById, Side } from './side'
 * @import { Steps } from './steps'
 */

/** So many are looked for in the text of the flows. */
const MOST_NAMED = 200;

/** @param {string} text */
const isNumeric = (text) => String(Number(text)) === text;

/**
 * Whether an object's text is that of every object. What has no text has another.
 *
 * @param {object} value
 */
const isPlain = (value) => value.toString === Object.prototype.toString;

/**
 * Whether there is nothing in a list that has no text or a strange one.
 *
 * @param {unknown[]} list
 * @returns {boolean}
 */
function isPlainList(list) {
  return list.every(
    (held) => typeof held !== 'object' || held === null || (Array.isArray(held) ? isPlainList(held) : isPlain(held))
  );
}

/**
 * Says of a value whether it can name one of these when it is taken for an id, and makes no text of it where it need not.
 *
 * @param {Set<string>} ids
 */
function createNaming(ids) {
  const isObjectNamed = ids.has('[object Object]');
  let [hasNumber, hasComma] = [false, false];
  for (const id of ids) {
    hasNumber ||= isNumeric(id);
    hasComma ||= id.includes(',');
  }

  /**
   * @param {unknown} value
   * @returns {boolean}
   */
  return function canName(value) {
    if (typeof value === 'string') {
      return ids.has(value);
    }
    if (typeof value === 'number') {
      return hasNumber && ids.has(String(value));
    }
    if (typeof value !== 'object' || value === null) {
      return ids.has(String(value));
    }
    if (!Array.isArray(value)) {
      return isPlain(value) ? isObjectNamed : ids.has(String(value));
    }
    if (value.length === 1 && typeof value[0] === 'object' && value[0] !== null) {
      return canName(value[0]);
    }
    return value.length > 1 && !hasComma && isPlainList(value) ? false : ids.has(String(value));
  };
}

/**
 * Fails where a value has no text, as Node-RED does.
 *
 * @param {FlowNode} node
 */
function readTexts(node) {
  for (const name in node) {
    const value = node[name];
    if (typeof value === 'object' && value !== null && name !== 'z' && name !== 'id' && name !== 'wires') {
      if (!(Array.isArray(value) ? isPlainList(value) : isPlain(value))) {
        String(value);
      }
    }
  }
}

/**
 * The nodes that may name one of these, each with the properties in which it does; found step by step.
 *
 * @param {FlowNode[]} list
 * @param {string[]} ids
 * @returns {Steps<Array<{ node: FlowNode, names: string[] }>>}
 */
function* referringTo(list, ids) {
  const canName = createNaming(new Set([...ids, ...NAMES_OF_EVERY_OBJECT]));
  /** @type {Array<{ node: FlowNode, names: string[] }>} */
  const referring = [];

  /** @param {number} index */
  function look(index) {
    const node = list[index];
    let names;
    for (const name in node) {
      if (name !== 'z' && name !== 'id' && name !== 'wires' && Object.hasOwn(node, name) && canName(node[name])) {
        (names ||= []).push(name);
      }
    }
    if (names) {
      referring.push({ node, names });
    }
  }

  yield* inSteps(list.length, look);
  return referring;
}

/** Whether it may be what JavaScript makes of an object or of a list, which is written otherwise in the text of the flows. */
const isOfNoText = (/** @type {string} */ id) => id === '' || id === '[object Object]' || id.includes(',');

/**
 * The nodes that may name one of these, by what is said of the text of the flows; undefined where nothing is.
 *
 * @param {FlowNode[]} list
 * @param {string[]} ids
 * @param {Places} same
 * @returns {Steps<FlowNode[] | undefined>}
 */
function* namingInText(list, ids, same) {
  const naming = [...ids, ...NAMES_OF_EVERY_OBJECT];
  const places = naming.length > MOST_NAMED || naming.some(isOfNoText) ? undefined : yield { naming };
  if (!places) {
    return undefined;
  }
  const isSame = new Uint8Array(list.length);
  for (const place of same) {
    if (place >= 0) {
      isSame[place] = 1;
    }
  }
  const others = list.filter((_node, place) => !isSame[place]);
  return [...others, ...places.filter((place) => isSame[place]).map((place) => list[place])];
}

/**
 * Those that have not changed; step by step.
 *
 * @param {FlowNode[]} list
 * @param {Marks['changed']} changed
 * @returns {Steps<FlowNode[]>}
 */
function* unchanged(list, changed) {
  /** @type {FlowNode[]} */
  const rest = [];
  yield* inSteps(list.length, (index) => {
    if (changed[/** @type {string} */ (list[index].id)]) {
      readTexts(list[index]);
    } else {
      rest.push(list[index]);
    }
  });
  return rest;
}

/**
 * Marks as changed what names something that has changed or is no more, and what names that, and so on; step by step.
 *
 * @param {NodesById} before
 * @param {Side} next
 * @param {Marks} marks
 * @param {Places} [same]
 * @returns {Steps<void>}
 */
function* markReferring(before, { nodes, ids, list }, { removed, changed, subflows }, same) {
  /**
   * @param {FlowNode} node
   * @param {string} name
   */
  function isMarked(node, name) {
    const named = /** @type {string} */ (node[name]);
    const origin = changed[named];
    if (origin && name === 'g' && origin.type === 'group') {
      // In a group that has changed it runs on, as long as it was in it before.
      const old = before[/** @type {string} */ (node.id)];
      return !(old && node.g === old.g);
    }
    return Boolean(origin || removed[named]);
  }

  /** @param {{ node: FlowNode, names: string[] }} referring */
  function mark({ node, names }) {
    const [id, z] = /** @type {string[]} */ ([node.id, node.z]);
    if (changed[id] || !names.some((name) => isMarked(node, name))) {
      return false;
    }
    changed[id] = node;
    const container = nodes[z];
    if (container) {
      changed[z] = container;
      if (container.type === 'subflow') {
        subflows[z] = container;
      }
    }
    return true;
  }

  const marked = [...Object.keys(changed), ...Object.keys(removed)];
  const near = same && (yield* namingInText(list, marked, same));
  const rest = yield* unchanged(near || list, changed);
  // Most deploys change nothing that others name.
  const found = yield* referringTo(rest, marked);
  const isNamed = found.some(({ node, names }) => names.some((name) => isMarked(node, name)));
  const all = near && isNamed ? yield* unchanged(list, changed) : rest;
  const referring = isNamed ? yield* referringTo(all, [...ids, ...marked]) : [];
  for (let isNew = isNamed; isNew;) {
    isNew = false;
    for (const each of referring) {
      isNew = mark(each) || isNew;
    }
  }
}

module.exports = { markReferring };
