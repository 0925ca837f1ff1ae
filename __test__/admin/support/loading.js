'use strict';

// A disk with flows and credentials, what Valkey answers, and what is loaded: whose they are.

const { createFlowFileRecord } = require('../../../lib/admin/flow-file-record');
const { createLoading } = require('../../../lib/admin/loading');
const { encrypt, open } = require('../../../lib/flows/credentials');
const { createAdminDisk } = require('./admin-disk');

const OWN = 'the secret of this disk';
const SHARED = 'the secret in Valkey';
const flowsOf = (whose) => [{ id: whose, type: 'tab' }];
const plainOf = (whose) => ({ [whose]: { token: whose } });

const FLOWS = 'flows.json';
const CREDENTIALS = 'flows_cred.json';

/** What Valkey holds, as a read for a restore gives it. */
const storedAs = (whose, { project, secret = SHARED, credentials } = {}) => ({
  flows: JSON.stringify(flowsOf(whose)),
  credentials: JSON.stringify(credentials || encrypt(secret, plainOf(whose))),
  settings: JSON.stringify({ _credentialSecret: secret }),
  revision: 7,
  project
});

/** Answers of Valkey. */
const holds = (stored) => async () => stored;
const isEmpty = async () => null;
const isAway = async () => {
  throw Object.assign(new Error('no connection'), { code: 'ERR_VALKEY_UNAVAILABLE' });
};
const isUnusable = async () => {
  throw Object.assign(new Error("key 'nodered:flows' does not hold JSON"), { code: 'ERR_VALKEY_VALUE' });
};

/** A disk after two deploys. */
function create({ project, backups = true, ...given } = {}) {
  const admin = createAdminDisk({ stored: { _credentialSecret: OWN }, project, ...given });
  const { disk, files, local, log, secrets, settings } = admin;
  disk.write(FLOWS, flowsOf('disk'));
  disk.write(CREDENTIALS, encrypt(OWN, plainOf('disk')));
  if (backups) {
    disk.write(`.${FLOWS}.backup`, flowsOf('backup'));
    disk.write(`.${CREDENTIALS}.backup`, encrypt(OWN, plainOf('backup')));
  }
  const flowFile = createFlowFileRecord({ settings, files, log });
  const loading = createLoading({ local, files, flowFile, secrets, log });
  const asked = [];
  const load = async (answer, { first = true } = {}) => {
    const pair = await loading.load({
      fetchStored() {
        asked.push('asked');
        return answer();
      },
      first
    });
    // As this admin's Node-RED reads them.
    const secret = project ? project.credentialSecret : admin.stored._credentialSecret;
    const { restored: _, ...found } = pair;
    return { ...found, flows: pair.flows[0]?.id, credentials: whose(pair.credentials, secret) };
  };
  return { ...admin, asked, load, loading };
}

/** Whose credentials these are; null when there are none. */
function whose(credentials, secret = OWN) {
  return Object.keys(open(credentials, [secret]).plain)[0] ?? null;
}

/** The pair that the files hold now. */
const onDisk = (disk) => ({
  flows: disk.json(FLOWS)[0]?.id,
  credentials: disk.has(CREDENTIALS) ? whose(disk.json(CREDENTIALS)) : null
});

/** What is to be said of a pair beside whose it is. */
const WHOLE = { mirror: true, lost: null };

module.exports = {
  CREDENTIALS,
  FLOWS,
  OWN,
  SHARED,
  WHOLE,
  create,
  flowsOf,
  holds,
  isAway,
  isEmpty,
  isUnusable,
  onDisk,
  plainOf,
  storedAs,
  whose
};
