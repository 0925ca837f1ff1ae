'use strict';

// The sets of values with which the chart of the examples is checked: each way that its templates can go.

const path = require('node:path');

const CHART = path.join(__dirname, '..', 'examples', 'helm', 'node-red-valkey');

const secret = {
  adminPassword: 'change-me-admin',
  workerPassword: 'change-me-worker',
  statePassword: 'change-me-state',
  adminPasswordHash: '$2y$08$hash',
  credentialSecret: 'change-me-credentials'
};

const VALUES = {
  plain: { secret },
  ingress: {
    secret,
    sharedContext: true,
    keyPrefix: 'flows:',
    imagePullSecrets: [{ name: 'registry' }],
    env: { COMPRESSION: true, WAIT_REPLICAS: 1 },
    admin: { storageClassName: 'fast' },
    worker: { imageTag: '5.0.1' },
    ingress: {
      enabled: true,
      tlsSecret: 'flows-tls',
      annotations: { 'nginx.ingress.kubernetes.io/affinity': 'cookie' }
    }
  },
  'own-server': { existingSecret: 'node-red', valkey: { enabled: false }, server: { host: 'valkey.example' } },
  sentinels: { secret, valkey: { enabled: false }, server: { sentinels: ['a:26379', 'b:26379'] } },
  cluster: { secret, valkey: { enabled: false }, server: { cluster: ['a:6379', 'b:6379'] } }
};

module.exports = { CHART, VALUES };
