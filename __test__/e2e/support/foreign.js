'use strict';

const assert = require('node:assert/strict');

const { PREFIX } = require('./admin-and-workers.js');

const REVISION = `${PREFIX}revision`;
const CHANNEL = `${PREFIX}flows:updated`;

/** Stores what no admin would, with a record and an announcement like a deploy's. */
async function storeForeign(client, changes) {
  const record = JSON.parse(await client.get(REVISION));
  const multi = client.multi();
  for (const [key, value] of Object.entries(changes)) {
    multi.del(key);
    if (Array.isArray(value)) {
      multi.rpush(key, ...value);
    } else {
      multi.set(key, value);
    }
  }
  multi.set(REVISION, JSON.stringify({ ...record, sequence: record.sequence + 1 }));
  multi.publish(CHANNEL, String(Date.now()));
  for (const [error] of await multi.exec()) {
    assert.equal(error, null);
  }
}

module.exports = { storeForeign };
