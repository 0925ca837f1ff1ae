'use strict';

const { EVERYONE, isWatched } = require('../kinds');
const { readMessage } = require('./message');
const { createPlaces } = require('./place');
const { createSidebar } = require('./sidebar');
const { createShownStatuses } = require('./statuses');
const { createViewers } = require('./viewers');

/**
 * @import { Watch } from '../kinds'
 * @import { createNames } from './names'
 * @import { Runtime, Statuses } from '../../types/node-red'
 */

/** ms until it is looked again how many messages were left out. */
const COUNT_AGAIN = 1000;

/** Workers are called as they call themselves. */
const OWN_NAMES = { refresh: async () => {}, of: (/** @type {{ name: string }} */ { name }) => name };

/**
 * What was heard, as the core hands it over.
 *
 * @typedef {{ messages: string[], leftOut: number }} Heard
 */

/**
 * Shows what chosen workers say in the editors that are open here, as long as one of them looks.
 *
 * @param {object} params
 * @param {Pick<Runtime, 'events' | 'nodes'>} params.runtime
 * @param {(watch: Watch) => Promise<unknown>} params.ask asks workers for this from now on, and listens to them, or
 *   neither if nothing is wanted; rejects with what is in the way
 * @param {() => Heard} params.heard takes what has come since
 * @param {() => Statuses} params.statuses what Node-RED tells an editor that is opened
 * @param {Pick<ReturnType<typeof createNames>, 'of' | 'refresh'>} [params.names]
 */
function createShowing({ runtime, ask, heard, statuses, names = OWN_NAMES }) {
  const { events, nodes } = runtime;
  const places = createPlaces({ nodes });
  const sidebar = createSidebar({ events, places });
  const shownStatuses = createShownStatuses({ events, places, own: statuses, nameOf: names.of });
  /** @type {Watch} */
  let watching = {};
  /** @type {Promise<string | null>} */
  let asked = Promise.resolve(null);
  /** @type {NodeJS.Timeout | undefined} */
  let counting;
  let leftOut = 0;

  const viewers = createViewers({
    onChange(watch) {
      watching = watch;
      shownStatuses.keep((worker) => isWatched(watch, worker, 'status'));
      if (Object.keys(watch).length > 0) {
        names.refresh();
      }
      asked = ask(watch).then(
        () => null,
        (/** @type {Error} */ error) => error.message
      );
    }
  });

  /** @param {string} text */
  const take = (text) => {
    const message = readMessage(text);
    if (!message) {
      return;
    }
    const { worker, kind } = message;
    if (kind === 'left out') {
      if (Object.keys(watching).some((key) => [worker.id, worker.name, EVERYONE].includes(key))) {
        sidebar.leftOut(names.of(worker), message.count);
      }
    } else if (isWatched(watching, worker, kind)) {
      if (kind === 'status') {
        shownStatuses.take(worker, message.first, message.statuses);
      } else {
        sidebar.say(names.of(worker), message.said);
      }
    }
  };

  const hear = () => {
    const { messages, leftOut: more } = heard();
    messages.forEach(take);
    leftOut += more;
    if (leftOut > 0) {
      counting ??= setTimeout(count, COUNT_AGAIN).unref();
    }
  };

  const count = () => {
    const { messages, leftOut: more } = heard();
    messages.forEach(take);
    sidebar.leftOut('fleet', leftOut + more);
    leftOut = 0;
    counting = undefined;
  };

  return {
    /**
     * An editor looks at this, for the next 30 s. What is in the way of that, in words, or null.
     *
     * @param {string} viewer
     * @param {Watch} watch
     */
    look: (viewer, watch) =>
      viewers.look(viewer, watch) ? asked : Promise.resolve('too many editors look at the same time'),

    /** What is looked at, by all editors together. */
    watching: () => watching,

    /** Something was heard. */
    hear,

    close() {
      viewers.close();
      clearTimeout(counting);
      watching = {};
      shownStatuses.close();
    }
  };
}

module.exports = { createShowing };
