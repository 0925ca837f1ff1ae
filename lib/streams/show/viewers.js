'use strict';

const { performance } = require('node:perf_hooks');

const { union } = require('../kinds');

/** @import { Watch } from '../kinds' */

/** ms after which somebody who has not said so again no longer looks. */
const PATIENCE = 30_000;
/** Editors and others that look at a time. */
const MOST_VIEWERS = 50;

/**
 * Who looks at what: editors, each under an id of its own. All of it together is what workers are asked for.
 *
 * @param {{ onChange(watch: Watch): void, now?: () => number }} params `onChange` is told each time that somebody has
 *   said again that he looks, too
 */
function createViewers({ onChange, now = () => performance.now() }) {
  /** @type {Map<string, { watch: Watch, until: number }>} */
  const viewers = new Map();
  /** @type {NodeJS.Timeout | undefined} */
  let timer;

  const tell = () => onChange(union([...viewers.values()].map(({ watch }) => watch)));

  const expire = () => {
    const before = viewers.size;
    for (const [id, { until }] of viewers) {
      if (until <= now()) {
        viewers.delete(id);
      }
    }
    if (viewers.size === 0) {
      clearInterval(timer);
      timer = undefined;
    }
    if (viewers.size !== before) {
      tell();
    }
  };

  return {
    /**
     * This viewer looks at this from now on, or nothing. False when too many look.
     *
     * @param {string} viewer
     * @param {Watch} watch
     */
    look(viewer, watch) {
      if (Object.keys(watch).length === 0) {
        if (viewers.delete(viewer)) {
          tell();
        }
        return true;
      }
      if (viewers.size >= MOST_VIEWERS && !viewers.has(viewer)) {
        return false;
      }
      viewers.set(viewer, { watch, until: now() + PATIENCE });
      timer ??= setInterval(expire, PATIENCE / 10).unref();
      tell();
      return true;
    },

    expire,

    /** Nobody looks any more. */
    close() {
      clearInterval(timer);
      timer = undefined;
      viewers.clear();
    }
  };
}

module.exports = { createViewers };
