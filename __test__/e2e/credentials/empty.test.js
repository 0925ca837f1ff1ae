'use strict';

// A credentials file that holds `[]`: Node-RED can write it, and runs the flows without credentials.

const assert = require('node:assert/strict');
const { after, before, test } = require('node:test');

const { PREFIX, startInstance, startServerWithUsers, stopAll } = require('../support/admin-and-workers.js');
const { trackedFlow, untilTracked } = require('../support/tracked.js');
const { encrypt } = require('../../../lib/flows/credentials.js');

const SECRET = 'the secret of these tests';

let server;
let client;

before(async () => {
  server = await startServerWithUsers({ workerPrefix: `${PREFIX}*` });
  client = server.client();
});

after(stopAll);

for (const [name, credentials, stored] of [
  ['plain', '[]', /^\{\}$/],
  ['encrypted', JSON.stringify(encrypt(SECRET, [])), /^\{"\$":/]
]) {
  test(`an empty array, ${name}`, async () => {
    const keyPrefix = `${PREFIX}${name}:`;
    const options = { valkey: { keyPrefix }, settings: { credentialSecret: SECRET } };
    const flows = trackedFlow({ one: { value: '1' } });
    const admin = await startInstance('admin', server, {
      ...options,
      files: { 'flows.json': flows, 'flows_cred.json': credentials }
    });
    const worker = await startInstance('worker', server, options);
    try {
      await untilTracked(worker, { one: { value: '1' } });
      assert.match(await client.get(`${keyPrefix}credentials`), stored);
      // What is deployed over it arrives; encrypted, Node-RED itself loses the credentials of it.
      const token = name === 'plain' ? 'new' : undefined;
      await admin.deploy(trackedFlow({ one: { value: '2' }, two: { value: '1', token: 'new' } }));
      await untilTracked(worker, { one: { value: '2' }, two: { value: '1', token } });
      for (const { logs } of [admin, worker]) {
        assert.doesNotMatch(logs, /\[error\]/);
      }
    } finally {
      await Promise.all([admin.stop(), worker.stop()]);
    }
  });
}
