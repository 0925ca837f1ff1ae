'use strict';

/**
 * @import { Log, WorkerCore } from '../types/core'
 * @import { FlowNode } from '../types/node-red'
 * @import { createPackageWait } from '../packages/wait'
 * @import { createReload } from '../reload'
 * @import { Result } from '../reload/result'
 * @import { createSerialQueue } from '../serial-queue'
 * @import { FlowObjects } from './flow-objects'
 * @import { StoredDeploys } from './stored-deploy'
 */

/**
 * Takes a new revision into the running Node-RED, or has it wait for its packages.
 *
 * @param {object} parts
 * @param {WorkerCore} parts.core
 * @param {StoredDeploys} parts.deploys
 * @param {FlowObjects} parts.objects
 * @param {ReturnType<typeof createReload>} parts.reload
 * @param {ReturnType<typeof createPackageWait>} parts.packageWait
 * @param {ReturnType<typeof createSerialQueue>} parts.turns shared with loads
 * @param {Log} parts.log
 * @param {(flows: FlowNode[]) => Promise<void>} parts.prepareFlows what has Node-RED's look for what differs done before
 * @param {(result: Result) => void} [parts.onUpdate]
 */
function createUpdates({ core, deploys, objects, reload, packageWait, turns, log, prepareFlows, onUpdate = () => {} }) {
  const update = async () => {
    const before = objects.held();
    const stored = await core.beginPending(before?.id);
    if (!stored) {
      packageWait.over();
      return;
    }
    await reload.whenStarted();
    let deploy;
    try {
      deploy = deploys.open(stored, objects.read(stored, before));
    } catch (error) {
      log.error(`revision ${stored.revision} is not applied: ${error.message}; what runs here goes on`);
      core.refused(stored.id, error.message);
      packageWait.over();
      return;
    }
    if (packageWait.postpone(stored, deploy.flows, take)) {
      return;
    }
    packageWait.over();
    try {
      await deploys.adoptSecret(deploy);
      await prepareFlows(deploy.flows);
      onUpdate(await reload.apply({ flows: deploy.flows, credentials: deploy.plain, revision: stored.revision }));
      await core.applied(stored.id);
    } catch (error) {
      log.error(`revision ${stored.revision} could not be applied: ${error.message}; trying again`);
      core.failed(stored.id);
    }
  };

  /** Takes what the core has by then, once it is its turn. */
  function take() {
    turns.run(update).catch((error) => log.error(error.message));
  }

  return { take };
}

module.exports = { createUpdates };
