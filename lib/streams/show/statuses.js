'use strict';

/**
 * @import { NodeStatus, Runtime, Statuses } from '../../types/node-red'
 * @import { Status } from '../publish/statuses'
 */

/** ms between two times that the editor is told. */
const GATHER = 200;
/** Workers whose statuses stand at one node. */
const MOST_NAMED = 3;
/** Workers whose statuses are kept. */
const MOST_WORKERS = 500;

/**
 * Shows the statuses of workers' nodes in the editors that are open here, in place of this instance's own, which come
 * back afterwards.
 *
 * @param {object} params
 * @param {Runtime['events']} params.events
 * @param {{ isKnown(id: string): boolean }} params.places
 * @param {() => Statuses} params.own what Node-RED tells an editor that is opened
 * @param {(worker: { id: string, name: string }) => string} params.nameOf
 */
function createShownStatuses({ events, places, own, nameOf }) {
  /** @type {Map<string, { name: string, nodes: Map<string, NonNullable<Status>> }>} by the id of the worker */
  const workers = new Map();
  /** @type {Map<string, unknown>} this instance's own, as long as any are shown */
  const mine = new Map();
  /** @type {Set<string>} */
  const shown = new Set();
  /** @type {Set<string>} */
  const changed = new Set();
  /** @type {NodeJS.Timeout | undefined} */
  let timer;
  let isListening = false;

  /** @param {NodeStatus} event */
  const onOwn = ({ id, status }) => {
    if (status && (status.text || status.fill || status.shape)) {
      mine.set(id, { text: status.text, fill: status.fill, shape: status.shape });
    } else {
      mine.delete(id);
    }
    if (shown.has(id)) {
      touch(id);
    }
  };

  /** @param {string} node */
  const combined = (node) => {
    const those = [...workers].filter(([, { nodes }]) => nodes.has(node));
    const last = those.at(-1)?.[1].nodes.get(node);
    if (!last) {
      return null;
    }
    const named = those
      .slice(0, MOST_NAMED)
      .map(([id, { name, nodes }]) => `[${nameOf({ id, name })}] ${nodes.get(node)?.text ?? ''}`.trim());
    const more = those.length - named.length;
    return { text: named.join(', ') + (more > 0 ? `, +${more}` : ''), fill: last.fill, shape: last.shape };
  };

  const tell = () => {
    timer = undefined;
    for (const node of changed) {
      const status = combined(node);
      const data = status ?? mine.get(node);
      if (status) {
        shown.add(node);
      } else {
        shown.delete(node);
      }
      // An editor that is opened later has to see it, too.
      events.emit('comms', { topic: `status/${node}`, data: data ?? {}, retain: data !== undefined });
    }
    changed.clear();
    if (workers.size === 0 && isListening) {
      isListening = false;
      events.removeListener('node-status', onOwn);
      mine.clear();
    }
  };

  /** @param {string} node */
  const touch = (node) => {
    changed.add(node);
    timer ??= setTimeout(tell, GATHER).unref();
  };

  const listen = () => {
    if (!isListening) {
      isListening = true;
      for (const [node, status] of Object.entries(own())) {
        mine.set(node, status);
      }
      events.on('node-status', onOwn);
    }
  };

  /** @param {string} id */
  const forget = (id) => {
    const worker = workers.get(id);
    workers.delete(id);
    for (const node of worker?.nodes.keys() ?? []) {
      touch(node);
    }
  };

  return {
    /**
     * @param {{ id: string, name: string }} worker
     * @param {boolean} first nothing of what it has told before counts any more
     * @param {Array<[string, Status]>} statuses
     */
    take({ id, name }, first, statuses) {
      listen();
      if (first) {
        forget(id);
      }
      let worker = workers.get(id);
      if (!worker) {
        if (workers.size >= MOST_WORKERS) {
          return;
        }
        worker = { name, nodes: new Map() };
        workers.set(id, worker);
      }
      worker.name = name;
      for (const [node, status] of statuses) {
        // Those that the editor does not have, it can't show.
        if (places.isKnown(node)) {
          if (status) {
            worker.nodes.set(node, status);
          } else {
            worker.nodes.delete(node);
          }
          touch(node);
        }
      }
    },

    /**
     * Forgets the workers of which this says that nobody looks at them.
     *
     * @param {(worker: { id: string, name: string }) => boolean} isWatched
     */
    keep(isWatched) {
      for (const [id, { name }] of workers) {
        if (!isWatched({ id, name })) {
          forget(id);
        }
      }
    },

    close() {
      for (const id of workers.keys()) {
        forget(id);
      }
      clearTimeout(timer);
      tell();
    }
  };
}

module.exports = { createShownStatuses };
