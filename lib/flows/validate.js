'use strict';

const WITH_ENVIRONMENT = /^(tab|group|subflow|global-config|subflow:.*)$/;
const INSTANCE = /^subflow:(.+)$/;
const LINK = /^link (in|out|call)$/;
// Node-RED looks types, ids and places up in plain objects, and asks nodes with `hasOwnProperty`.
const EVERY_OBJECT_HAS = new Set(Object.getOwnPropertyNames(Object.prototype));

/**
 * A node as it is stored: of the rest nothing is sure.
 *
 * @typedef {{ id: string, type: string, [property: string]: any }} StoredNode
 */

/** @param {unknown} value */
const isObject = (value) => value !== null && typeof value === 'object' && !Array.isArray(value);
/** @param {unknown} value */
const isAbsent = (value) => value === undefined || value === null;

/** @param {unknown} ports */
function arePorts(ports) {
  /** @param {any} wire */
  const isWire = (wire) => isObject(wire) && !EVERY_OBJECT_HAS.has(wire.id);
  /** @param {any} port */
  const isPort = (port) => isObject(port) && Array.isArray(port.wires) && port.wires.every(isWire);
  return isAbsent(ports) || (Array.isArray(ports) && ports.every(isPort));
}

/** @param {StoredNode} node */
function areLinks({ type, links }) {
  // A link call that the editor has never saved with links holds the name of its target.
  const isTarget = type === 'link call' && typeof links === 'string';
  /** @param {unknown} id */
  const isId = (id) => typeof id === 'string' && !EVERY_OBJECT_HAS.has(id);
  return !links || isTarget || (Array.isArray(links) && links.every(isId));
}

/**
 * What is wrong with a node by itself, or undefined.
 *
 * @param {StoredNode} node
 */
function faultOf(node) {
  const definition = INSTANCE.exec(node.type);
  if (node.type === '' || node.type === 'subflow:' || EVERY_OBJECT_HAS.has(definition ? definition[1] : node.type)) {
    return "its 'type' is no name of a node type";
  }
  const reserved = ['id', 'z', 'g'].find((name) => EVERY_OBJECT_HAS.has(node[name]));
  if (reserved) {
    return `its '${reserved}' can't be used`;
  }
  if (node.z === node.id && node.id !== '') {
    return 'it is within itself';
  }
  const shadowing = Object.keys(node).find((name) => EVERY_OBJECT_HAS.has(name));
  if (shadowing) {
    return `it has a property '${shadowing}'`;
  }
  if (node.wires !== undefined && !(Array.isArray(node.wires) && node.wires.every(Array.isArray))) {
    return "its 'wires' are not an array of arrays";
  }
  // As a name of a property an array is its only element.
  if (
    node.wires?.some((/** @type {any[]} */ port) => port.some((id) => EVERY_OBJECT_HAS.has(id) || Array.isArray(id)))
  ) {
    return "its 'wires' lead to what is no node";
  }
  if ([node.z, node.g].some((place) => place && typeof place !== 'string')) {
    return "its 'z' or 'g' is no id";
  }
  if (
    WITH_ENVIRONMENT.test(node.type) &&
    !isAbsent(node.env) &&
    !(Array.isArray(node.env) && node.env.every(isObject))
  ) {
    return "its 'env' is not an array of variables";
  }
  if (node.type === 'subflow' && ![node.in, node.out].every(arePorts)) {
    return "its 'in' or 'out' is not an array of ports";
  }
  if (LINK.test(node.type) && !areLinks(node)) {
    return "its 'links' are not an array of ids";
  }
  if (node.type === 'function' && node.libs && !(Array.isArray(node.libs) && node.libs.every(isObject))) {
    return "its 'libs' are not an array of modules";
  }
  return undefined;
}

/**
 * A node from which following `next(node)` (ids) leads back to itself, or undefined.
 *
 * @template Node
 * @param {Map<string, Node>} nodes
 * @param {(node: Node) => Iterable<string>} next
 */
function findCycle(nodes, next) {
  /** @param {string} id one of `nodes` */
  const following = (id) => [...next(/** @type {Node} */ (nodes.get(id)))];
  const done = new Set();
  for (const start of nodes.keys()) {
    // Without recursion: a chain may be longer than the stack.
    const path = [{ id: start, rest: following(start) }];
    const onPath = new Set([start]);
    while (path.length > 0) {
      const { id, rest } = path[path.length - 1];
      const step = done.has(id) ? undefined : rest.pop();
      if (step === undefined) {
        done.add(id);
        onPath.delete(id);
        path.pop();
      } else if (onPath.has(step)) {
        return step;
      } else if (nodes.has(step) && !done.has(step)) {
        onPath.add(step);
        path.push({ id: step, rest: following(step) });
      }
    }
  }
  return undefined;
}

/**
 * What in a flow array would make Node-RED throw half way, or never come back, as a text; undefined
 * when there is nothing. The array is known to hold objects with an `id` and a `type` that are texts.
 *
 * Only what no editor can make is looked for: what Node-RED copes with is none of our business.
 *
 * @param {StoredNode[]} flows
 */
function flowFault(flows) {
  for (const node of flows) {
    const fault = faultOf(node);
    if (fault) {
      return `node '${node.id}' can't be run: ${fault}`;
    }
  }
  const groups = new Map(flows.filter(({ type }) => type === 'group').map((node) => [node.id, node]));
  const inItself = findCycle(groups, ({ g }) => (typeof g === 'string' ? [g] : []));
  if (inItself !== undefined) {
    return `group '${inItself}' is within itself`;
  }
  /** @type {Map<string, Set<string>>} the subflows that each uses */
  const used = new Map(flows.filter(({ type }) => type === 'subflow').map(({ id }) => [id, new Set()]));
  for (const { type, z } of flows) {
    const instance = INSTANCE.exec(type);
    if (instance) {
      used.get(z)?.add(instance[1]);
    }
  }
  const recursive = findCycle(used, (ids) => ids);
  return recursive === undefined ? undefined : `subflow '${recursive}' is within itself`;
}

module.exports = { flowFault };
