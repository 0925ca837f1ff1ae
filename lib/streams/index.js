'use strict';

const os = require('node:os');

const { keptStatuses } = require('../node-red');

/**
 * @import { Watch } from './kinds'
 * @import { FleetReader } from '../fleet/reader'
 * @import { Member } from '../types/core'
 * @import { Runtime, Settings } from '../types/node-red'
 * @import { createShowing } from './show'
 */

/** @typedef {ReturnType<typeof createShowing>} Showing */

/**
 * Debug output, log and statuses of workers in the editor of an admin: on a worker what is told, on an admin what is
 * shown. Both only as long as somebody looks.
 *
 * @param {{ role: string, settings: Settings, runtime: Runtime, member: Member, fleet: FleetReader }} params
 */
function openStreams({ role, settings, runtime, member, fleet }) {
  return role === 'admin' ? openShowing({ runtime, member, fleet }) : openPublishing({ settings, runtime, member });
}

/** @param {{ settings: Settings, runtime: Runtime, member: Member }} params */
function openPublishing({ settings, runtime, member: { core, listen } }) {
  const { createPublishing } = require('./publish');
  const { createRedaction } = require('./publish/secrets');
  const worker = { id: core.id(), name: os.hostname() };
  const publishing = createPublishing({
    runtime,
    worker: () => worker,
    publish: core.publish,
    statuses: keptStatuses,
    redact: createRedaction({
      settings,
      // Not before Node-RED has read what is stored.
      generated: () => (runtime.settings.available() ? runtime.settings.get('_credentialSecret') : undefined)
    })
  });
  listen({ watched: () => publishing.set(core.watched(worker.name)) });
  core.followWatch();
  return { showing: null, close: publishing.close };
}

/**
 * What the core is told of a watch: kinds as one text.
 *
 * @param {Watch} watch
 */
const asText = (watch) => Object.fromEntries(Object.entries(watch).map(([worker, kinds]) => [worker, kinds.join()]));

/**
 * Nothing of it is loaded before somebody looks.
 *
 * @param {{ runtime: Runtime, member: Member, fleet: FleetReader }} params
 */
function openShowing({ runtime, member: { core, listen }, fleet }) {
  /** @type {Showing | null} */
  let showing = null;
  let isClosed = false;

  const open = () => {
    const { createShowing } = require('./show');
    const { createNames } = require('./show/names');
    return createShowing({
      runtime,
      ask: (watch) => core.background.look(asText(watch)),
      heard: core.takeHeard,
      statuses: keptStatuses,
      names: createNames({ read: fleet.members })
    });
  };

  listen({ heard: () => showing?.hear() });
  return {
    /** @returns {Showing | null} */
    get showing() {
      if (!isClosed) {
        showing ??= open();
      }
      return showing;
    },
    close() {
      isClosed = true;
      showing?.close();
      showing = null;
    }
  };
}

module.exports = { openStreams };
