'use strict';

const path = require('node:path');

const { flowsParts } = require('../node-red');
const { digestOf } = require('./digest');
const { NAMES_OF_EVERY_OBJECT } = require('./key');

/**
 * @import { Log } from '../types/core'
 * @import { FlowClass, Runtime, RunningFlow } from '../types/node-red'
 */

/** The digest of the source of a flow's `stop`, in every release from 3.0 to 5.0. */
const KNOWN = 'b9d6cfe3d9c3a0ce12cee7db46c90a89';

/** From so many on, a list is worth an index. */
const MANY = 100;

/** @type {WeakSet<object>} */
const narrowed = new WeakSet();

/**
 * At a deploy that is no full one Node-RED has each tab go through the list of all nodes that stop, and of all that have been
 * removed: see docs/node-red/diff-configs.md. From here on each is handed those of them that it runs, in their order. Where
 * something is not as expected, all stays as it is.
 *
 * @param {Runtime} runtime
 * @param {Pick<Log, 'info'>} log
 */
function narrowStops(runtime, log) {
  const parts = flowsParts(runtime);
  const flow = parts && require.cache[path.join(path.dirname(parts.file), 'Flow.js')]?.exports.Flow;
  if (flow && narrowed.has(flow)) {
    return;
  }
  if (!flow || digestOf([flow.prototype.stop]) !== KNOWN) {
    log.info('Node-RED stops flows as it does, slow for large ones: it does not do it as was known');
    return;
  }
  narrowed.add(flow);
  narrow(flow);
}

/** @param {FlowClass} flow */
function narrow({ prototype }) {
  const { stop } = prototype;
  const indexOf = createIndex();

  /**
   * Those in the list that a flow runs.
   *
   * @param {RunningFlow} flow
   * @param {string[]} list
   */
  function own({ activeNodes }, list) {
    const index = indexOf(list);
    const positions = Object.keys(activeNodes).flatMap((id) => index?.get(id) ?? []);
    return index ? positions.sort((one, other) => one - other).map((position) => list[position]) : list;
  }

  prototype.stop = function stopOwn(stopList, removedList) {
    const [stopped, removed] = [stopList, removedList].map((list) =>
      Array.isArray(list) && list.length >= MANY ? own(this, list) : list
    );
    return stop.call(this, stopped, removed);
  };
}

/** Gives the first places of ids in a list, for the list that all flows are handed; nothing where an id is looked up otherwise. */
function createIndex() {
  /** @type {WeakMap<string[], Map<string, number> | undefined>} */
  const known = new WeakMap();
  return (/** @type {string[]} */ list) => {
    if (!known.has(list)) {
      /** @type {Map<string, number>} */
      const index = new Map();
      let isSure = true;
      for (let at = list.length - 1; at >= 0; at -= 1) {
        index.set(list[at], at);
        isSure &&= typeof list[at] === 'string' && !NAMES_OF_EVERY_OBJECT.has(list[at]);
      }
      known.set(list, isSure ? index : undefined);
    }
    return known.get(list);
  };
}

module.exports = { narrowStops };
