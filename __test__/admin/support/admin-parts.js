'use strict';

// What an admin does with flows and credentials, on a disk of its own, with a core that notes what
// it is given in place of Valkey.

const EventEmitter = require('node:events');

const { createJournal } = require('../../../lib/admin/journal');
const { createLostRecord } = require('../../../lib/admin/lost-record');
const { createMirror } = require('../../../lib/admin/mirror');
const { createRefusedDeploy } = require('../../../lib/admin/refused-deploy');
const { createRestoring } = require('../../../lib/admin/restoring');
const { createSaving } = require('../../../lib/admin/saving');
const { createWrittenFlows } = require('../../../lib/admin/written-flows');
const { createRuntimeWatch } = require('../../../lib/flows/runtime-watch');
const { create, whose } = require('./loading');

/**
 * `sent` are the pairs that Valkey was given, `{ flows, credentials, secret, project }`, by whose
 * they are; `told` is what else the core was told; `answer` is what it says to the next deploys (an
 * error: it rejects), `restorable` what it has read of Valkey, `prepared` the flows that it has prepared.
 */
function createCore() {
  const core = { sent: [], told: [], answer: { done: true }, restorable: null, prepared: [] };
  const deploy = async (flows, credentials, secret, project) => {
    const text = typeof flows === 'string' ? flows : flows.text();
    const pair = { flows: JSON.parse(text)[0]?.id, credentials: whose(JSON.parse(credentials), secret) };
    core.sent.push({ ...pair, ...(secret === undefined ? {} : { secret }), ...(project ? { project } : {}) });
    if (core.answer instanceof Error) {
      throw core.answer;
    }
    return core.answer;
  };
  const tell =
    (name) =>
    (...given) =>
      void core.told.push([name, ...given]);
  const prepareFlows = async (written) => {
    let text = JSON.stringify(JSON.parse(written));
    const prepared = { text: () => text, release: () => void (text = null) };
    core.prepared.push(prepared);
    return prepared;
  };
  return Object.assign(core, {
    prepareFlows,
    mirrorDeploy: deploy,
    background: { mirrorDeploy: deploy, mirrorSecret: async () => ({ done: true }) },
    diskHasLost: tell('diskHasLost'),
    deployWasRefused: tell('deployWasRefused'),
    restored: tell('restored'),
    diskHasRestored: tell('diskHasRestored'),
    takeRestorable: () => core.restorable
  });
}

/** The parts of an admin on the disk of `create` in loading.js, and `core`; `start()`: Node-RED's first start is over. */
function createAdminParts(given) {
  const admin = create(given);
  const { disk, files, local, loading, log, notices, secrets } = admin;
  const core = createCore();
  const loads = []; // whether each was forced
  const runtime = {
    ...admin.runtime,
    events: new EventEmitter(),
    nodes: {
      async loadFlows(forced) {
        loads.push(forced);
      }
    }
  };
  const watch = createRuntimeWatch({ events: runtime.events, isOwn: () => false, onOwn() {}, onType() {} });
  const record = createLostRecord(disk.dir, log);
  const mirror = createMirror({ core, files, secrets, notices, log, beforeSend() {}, onEqual: record.end });
  const journal = createJournal(disk.dir, log);
  const refused = createRefusedDeploy({ core, runtime, watch, notices, log });
  const restoring = createRestoring({
    core,
    local,
    files,
    record,
    loading,
    secrets,
    mirror,
    refused,
    runtime,
    watch,
    log
  });
  const flowFile = { remember: async () => {} };
  const saving = createSaving({
    local,
    written: createWrittenFlows({ local, writer: null }),
    files,
    flowFile,
    secrets,
    journal,
    loading,
    mirror,
    restoring,
    refused,
    notices,
    history: { deploying() {} },
    log
  });
  const start = () => runtime.events.emit('flows:started', {});
  return { ...admin, core, journal, loads, mirror, record, refused, restoring, runtime, saving, start };
}

module.exports = { createAdminParts };
