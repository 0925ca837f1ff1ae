'use strict';

/** @import { Runtime } from '../types/node-red' */

const LABEL = 'valkey-placement';

/**
 * Keeps messages from moving on tabs that run here no longer, from the moment in which that is known until Node-RED has
 * stopped their nodes, which may take a while: another worker may have begun. As long as there is no such tab, Node-RED
 * has no hook of ours to ask.
 *
 * @param {Pick<Runtime, 'hooks'>} runtime
 */
function createGate({ hooks }) {
  /** @type {Set<string>} */
  let shut = new Set();

  /** @param {any} node of Node-RED; it knows the flow that it is in, and that one the flow or group around it */
  function isShut(node) {
    for (let flow = node?._flow; flow; flow = flow.parent) {
      if (shut.has(flow.id)) {
        return true;
      }
    }
    return false;
  }

  function open() {
    hooks.remove(`*.${LABEL}`);
  }

  return {
    /**
     * The tabs on which nothing moves from now on; none: all are open.
     *
     * @param {Iterable<string>} tabs
     */
    set(tabs) {
      const wasShut = shut.size > 0;
      shut = new Set(tabs);
      if (shut.size > 0 && !wasShut) {
        hooks.add(`onSend.${LABEL}`, (events) => (isShut(events[0]?.source?.node) ? false : undefined));
        hooks.add(`onReceive.${LABEL}`, (event) => (isShut(event.destination?.node) ? false : undefined));
      } else if (shut.size === 0 && wasShut) {
        open();
      }
    },

    close() {
      if (shut.size > 0) {
        shut = new Set();
        open();
      }
    }
  };
}

module.exports = { createGate };
