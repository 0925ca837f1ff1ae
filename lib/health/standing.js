'use strict';

const { watchFlows } = require('./flows-watch');

/**
 * @import { ContextHealth, Role } from '../../binding'
 * @import { OpenedStore } from '../context/handover'
 * @import { Instance, Placement } from '../types/core'
 * @import { Runtime } from '../types/node-red'
 * @import { createReadiness } from './readiness'
 */

/** @typedef {ReturnType<typeof createStanding>} Standing */

/**
 * The verdict, and what it is made of; docs/operations.md lists the members.
 *
 * @typedef {object} Verdict
 * @property {boolean} ready
 * @property {Role} role
 * @property {string | null} revision
 * @property {string} connection
 * @property {number | null} [copyAge] of a worker
 * @property {boolean} [mirrored] of an admin
 * @property {string} flows
 * @property {string[]} missing
 * @property {string[]} notes
 * @property {string} [packages]
 * @property {Record<string, ContextHealth | null>} [context]
 */

/**
 * How this instance stands, for all who tell of it. Has to be created before flows are loaded.
 *
 * `instance()` gives the admin or worker, null as long as it is not open; it is asked each time for
 * its `health()` and, if it has one, its `packageState()`. `contexts()` gives the context stores that are open.
 *
 * @param {object} params
 * @param {Role} params.role
 * @param {number | null} params.maxAge
 * @param {Pick<Runtime, 'events'>} params.runtime
 * @param {() => Pick<Instance, 'health' | 'packageState'> | null} params.instance
 * @param {() => OpenedStore[]} params.contexts
 * @param {Placement['state']} params.placement
 */
function createStanding({ role, maxAge, runtime, instance, contexts, placement }) {
  const flows = watchFlows(runtime.events);
  /** @type {ReturnType<typeof createReadiness> | undefined} */
  let readiness;
  return {
    now() {
      // Nobody asks before flows are loaded.
      readiness ??= require('./readiness').createReadiness({ role, maxAge });
      const opened = instance();
      const verdict = readiness({
        core: opened && opened.health(),
        flows: flows.state(),
        packages: opened && opened.packageState ? opened.packageState() : undefined,
        contexts: contexts(),
        placement: placement()
      });
      // What it is made of depends on the role.
      return /** @type {Verdict} */ (/** @type {unknown} */ (verdict));
    },
    /** Of flows alone, with what they lack. */
    flows: flows.state,
    close: flows.close
  };
}

module.exports = { createStanding };
