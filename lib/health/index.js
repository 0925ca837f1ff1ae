'use strict';

const { watchFlows } = require('./flows-watch');
const { createListener } = require('./listener');
const { createReadiness } = require('./readiness');

/**
 * @import { CheckedOptions, Role } from '../../binding'
 * @import { OpenedStore } from '../context/handover'
 * @import { Instance, Log } from '../types/core'
 * @import { Runtime } from '../types/node-red'
 */

const NONE = { async open() {}, port: () => null, async close() {} };

/**
 * The probes of one instance, on a listener of their own: `<path>/live` says that the process
 * answers, `<path>/ready` whether the instance does its work. Without the option `health` nothing
 * listens.
 *
 * `instance()` gives the admin or worker, null as long as it is not open; it is asked each time for
 * its `health()` and, if it has one, its `packageState()`. `contexts()` gives the context stores that are open.
 *
 * @param {object} params
 * @param {CheckedOptions['health']} params.options
 * @param {Role} params.role
 * @param {Pick<Runtime, 'events'>} params.runtime
 * @param {Log} params.log
 * @param {() => Pick<Instance, 'health' | 'packageState'> | null} params.instance
 * @param {() => OpenedStore[]} params.contexts
 */
function createHealth({ options, role, runtime, log, instance, contexts }) {
  if (!options) {
    return NONE;
  }
  const { port, host, path, maxAge } = options;
  const flows = watchFlows(runtime.events);
  const readiness = createReadiness({ role, maxAge });

  const ready = () => {
    const opened = instance();
    const body = readiness({
      core: opened && opened.health(),
      flows: flows.state(),
      packages: opened && opened.packageState ? opened.packageState() : undefined,
      contexts: contexts()
    });
    return { status: body.ready ? 200 : 503, body };
  };
  const live = () => ({ status: 200, body: { live: true } });
  const listener = createListener({
    port,
    host,
    log,
    answers: { [`${path}/live`]: live, [`${path}/ready`]: ready }
  });

  return {
    open: () => listener.open(),
    port: () => listener.port(),
    async close() {
      flows.close();
      await listener.close();
    }
  };
}

module.exports = { createHealth };
