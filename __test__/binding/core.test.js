'use strict';

const assert = require('node:assert/strict');
const { test } = require('node:test');

const { checkOptions, openCore } = require('../../lib/binding/core.js');
const { optionsAsText } = require('../../lib/options/index.js');
const { freePort } = require('../support/port.js');

const log = Object.fromEntries(['error', 'warn', 'info', 'debug'].map((level) => [level, () => {}]));

/** A core whose server is away. */
async function openWorker() {
  const options = optionsAsText({ role: 'worker', host: '127.0.0.1', port: await freePort() });
  return openCore('Worker', { options, userDir: undefined, log, onEvent() {} });
}

test('a core can be returned from an async function', async () => {
  const core = await openWorker();
  try {
    assert.equal(await core.beginPending(), null);
    assert.equal('then' in core, false);
    assert.equal(core.noMethod, undefined);
  } finally {
    await core.close();
  }
});

test('what a core throws and rejects with has a code, and a message without it', async () => {
  const core = await openWorker();
  await core.close();
  await assert.rejects(core.readSettings(), (error) => {
    assert.match(error.code, /^ERR_VALKEY_[A-Z_]+$/);
    assert.ok(!error.message.includes('ERR_VALKEY'), error.message);
    return true;
  });
  const wrong = { options: optionsAsText({ role: 'worker', port: 'x' }), log, onEvent() {} };
  assert.throws(() => openCore('Worker', wrong), { code: 'ERR_VALKEY_OPTION', message: /port/ });
});

test('checked options name the keys with their prefix', () => {
  const { keys } = checkOptions('{"role":"worker","keyPrefix":"plant:"}');
  assert.deepEqual(keys, { flows: 'plant:flows', credentials: 'plant:credentials', sessions: 'plant:sessions' });
});
