'use strict';

const { EventEmitter } = require('node:events');

const { KINDS, isKind } = require('../kinds');
const { debugMessage, leftOutMessage, logMessage } = require('./message');
const { createRate } = require('./rate');
const { createStatusQueue } = require('./statuses');

/**
 * @import { Kind } from '../kinds'
 * @import { Log } from '../../types/core'
 * @import { NodeStatus, Runtime, Statuses } from '../../types/node-red'
 */

/** Messages a second. */
const MOST_MESSAGES = 20;
/** ms that statuses are gathered before they are told. */
const GATHER = 100;
/** Levels of Node-RED's log that are warnings or worse. */
const WARN = 30;

/**
 * Who looks at this worker, as the core tells it.
 *
 * @typedef {object} Watched
 * @property {number} session of the connection; what was published on an earlier one may have been lost
 * @property {Record<string, string>} by kinds, separated by commas, by who looks
 */

/**
 * Tells what happens on this worker to those who look at it. As long as nobody does, it listens to nothing.
 *
 * @param {object} params
 * @param {Pick<Runtime, 'events' | 'log'>} params.runtime
 * @param {() => { id: string, name: string }} params.worker
 * @param {(text: string) => boolean} params.publish whether it was taken
 * @param {() => Statuses} params.statuses what Node-RED tells an editor that is opened
 * @param {(text: string) => string} params.redact
 */
function createPublishing({ runtime, worker, publish, statuses, redact }) {
  /** @type {Set<Kind>} */
  let wanted = new Set();
  /** @type {Set<string>} */
  let statusesSentTo = new Set();
  /** @type {NodeJS.Timeout | undefined} */
  let gathering;
  const queue = createStatusQueue({ worker, redact });

  const tellStatuses = () => {
    clearTimeout(gathering);
    gathering = undefined;
    while (wanted.has('status') && queue.isWaiting() && rate.takeOrWait()) {
      publish(queue.next());
    }
  };

  const rate = createRate({
    most: MOST_MESSAGES,
    onWindow(leftOut) {
      if (leftOut > 0) {
        publish(leftOutMessage(worker(), leftOut));
      }
      // Not from within: whoever has opened the window may be about to take a place.
      if (wanted.has('status') && queue.isWaiting()) {
        setImmediate(tellStatuses).unref();
      }
    }
  });

  /** @param {string | null} text */
  const say = (text) => {
    if (text !== null) {
      publish(text);
    }
  };

  /** @param {{ topic?: unknown, data?: unknown }} event */
  const onComms = ({ topic, data }) => {
    if (topic !== 'debug' || typeof data !== 'object' || data === null) {
      return;
    }
    // Debug nodes pass the log on, too: with a level.
    if ('level' in data || !rate.take()) {
      return;
    }
    say(debugMessage(worker(), /** @type {Record<string, unknown>} */ (data), redact));
  };

  /** @param {{ level: number }} line */
  const onLine = (line) => {
    if (line.level <= WARN && rate.take()) {
      say(logMessage(worker(), /** @type {Record<string, unknown>} */ (/** @type {unknown} */ (line)), redact));
    }
  };
  const handler = new EventEmitter().on('log', onLine);

  /** @param {NodeStatus} event */
  const onStatus = ({ id, status }) => {
    queue.add(String(id), status);
    gathering ??= setTimeout(tellStatuses, GATHER).unref();
  };

  /** @type {Record<Kind, { listen(): void, end(): void }>} */
  const sources = {
    debug: {
      listen: () => void runtime.events.on('comms', onComms),
      end: () => void runtime.events.removeListener('comms', onComms)
    },
    log: {
      listen: () => runtime.log.addHandler(handler),
      end: () => runtime.log.removeHandler(handler)
    },
    status: {
      listen: () => void runtime.events.on('node-status', onStatus),
      end() {
        runtime.events.removeListener('node-status', onStatus);
        clearTimeout(gathering);
        gathering = undefined;
        queue.clear();
      }
    }
  };

  /** @param {Set<Kind>} next */
  const turnTo = (next) => {
    for (const kind of KINDS) {
      if (next.has(kind) && !wanted.has(kind)) {
        sources[kind].listen();
      } else if (!next.has(kind) && wanted.has(kind)) {
        sources[kind].end();
      }
    }
    wanted = next;
    if (wanted.size === 0) {
      rate.close();
    }
  };

  return {
    /**
     * These look now, at this.
     *
     * @param {Watched | null} watched
     */
    set(watched) {
      /** @type {Set<Kind>} */
      const next = new Set();
      /** @type {Set<string>} */
      const wantStatuses = new Set();
      for (const [who, text] of Object.entries(watched?.by ?? {})) {
        const kinds = text.split(',').filter(isKind);
        kinds.forEach((kind) => next.add(kind));
        if (kinds.includes('status')) {
          wantStatuses.add(`${watched?.session} ${who}`);
        }
      }
      turnTo(next);
      const isNew = [...wantStatuses].some((who) => !statusesSentTo.has(who));
      statusesSentTo = wantStatuses;
      if (isNew) {
        queue.begin(statuses());
        tellStatuses();
      }
    },

    close() {
      turnTo(new Set());
    }
  };
}

module.exports = { createPublishing };
