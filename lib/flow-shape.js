'use strict';

const WITH_ENVIRONMENT = /^(tab|group|subflow|global-config|subflow:.*)$/;
const INSTANCE = /^subflow:(.+)$/;

const isObject = (value) => value !== null && typeof value === 'object' && !Array.isArray(value);
const isAbsent = (value) => value === undefined || value === null;

function arePorts(ports) {
  const isPort = (port) => isObject(port) && Array.isArray(port.wires) && port.wires.every(isObject);
  return isAbsent(ports) || (Array.isArray(ports) && ports.every(isPort));
}

/** What is wrong with a node by itself, or undefined. */
function faultOf(node) {
  // Node-RED looks types and ids up in plain objects.
  if (node.type === '' || node.type in Object.prototype) {
    return "its 'type' is no name of a node type";
  }
  if (node.id === '__proto__') {
    return "its 'id' can't be used";
  }
  if (node.wires !== undefined && !(Array.isArray(node.wires) && node.wires.every(Array.isArray))) {
    return "its 'wires' are not an array of arrays";
  }
  if ([node.z, node.g].some((place) => place && typeof place !== 'string')) {
    return "its 'z' or 'g' is no id";
  }
  if (WITH_ENVIRONMENT.test(node.type) && !isAbsent(node.env) && !(Array.isArray(node.env) && node.env.every(isObject))) {
    return "its 'env' is not an array of variables";
  }
  if (node.type === 'subflow' && ![node.in, node.out].every(arePorts)) {
    return "its 'in' or 'out' is not an array of ports";
  }
  return undefined;
}

/** A node from which following `next(node)` (ids) leads back to itself, or undefined. */
function findCycle(nodes, next) {
  const done = new Set();
  for (const start of nodes.keys()) {
    // Without recursion: a chain may be longer than the stack.
    const path = [{ id: start, rest: [...next(nodes.get(start))] }];
    const onPath = new Set([start]);
    while (path.length > 0) {
      const { id, rest } = path[path.length - 1];
      const following = done.has(id) ? undefined : rest.pop();
      if (following === undefined) {
        done.add(id);
        onPath.delete(id);
        path.pop();
      } else if (onPath.has(following)) {
        return following;
      } else if (nodes.has(following) && !done.has(following)) {
        onPath.add(following);
        path.push({ id: following, rest: [...next(nodes.get(following))] });
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
  const used = new Map(flows.filter(({ type }) => type === 'subflow').map(({ id }) => [id, new Set()]));
  for (const { type, z } of flows) {
    const instance = INSTANCE.exec(type);
    if (instance && used.has(z)) {
      used.get(z).add(instance[1]);
    }
  }
  const recursive = findCycle(used, (ids) => ids);
  return recursive === undefined ? undefined : `subflow '${recursive}' is within itself`;
}

module.exports = { flowFault };
