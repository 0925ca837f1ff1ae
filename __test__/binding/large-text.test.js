'use strict';

// Texts cross into the core and back as they are, whichever way they take: those of ASCII alone have one of their own.

const assert = require('node:assert/strict');
const { once } = require('node:events');
const path = require('node:path');
const { after, before, test } = require('node:test');
const { setImmediate } = require('node:timers/promises');
const { Worker } = require('node:worker_threads');
const { freePort } = require('../support/port.js');
const { tempDir } = require('../support/temp-dir.js');
const { openAdminCore } = require('./support/admin-core.js');

let core;

before(async () => {
  core = await openAdminCore({ port: await freePort(), userDir: tempDir('large-text') });
});

after(() => core.close());

const PIECES = {
  ASCII: 'a "quoted" \\ text\u0000\u007f',
  'one byte above ASCII': 'Grüße\u0080\u00ff',
  'whose lower byte is ASCII': '\u0141\u0161\u4141',
  'outside the first plane': 'a\u{1f600}b',
  'of two bytes': '日本語'
};

for (const [name, piece] of Object.entries(PIECES)) {
  test(`text ${name}`, async () => {
    for (const length of [0, 1, 4080, 4095, 4096, 4097, 300_000]) {
      const filling = 'x'.repeat(length);
      // Put together by the engine, and not yet one piece of memory.
      for (const text of [filling + piece, piece + filling, `${filling}${piece}${filling}`]) {
        const json = JSON.stringify([text]);
        assert.ok((await core.prepareFlows(json)).text() === json, `${name}, ${length}`);
      }
    }
  });
}

test('half of a surrogate pair becomes a replacement character, in a text of any length', async () => {
  for (const length of [0, 10_000]) {
    const filling = 'x'.repeat(length);
    assert.equal((await core.prepareFlows(`["${filling}\ud83d"]`)).text(), `["${filling}\ufffd"]`);
  }
});

test('what is no text is refused', () => {
  for (const given of [1, null, undefined, {}, ['a'], Symbol('a'), Buffer.from('[]')]) {
    assert.throws(() => core.prepareFlows(given), /Failed to convert/);
  }
});

test('texts that nobody needs any more are given back', async () => {
  const prepared = await core.prepareFlows(JSON.stringify(['x'.repeat(4_000_000)]));
  let most = 0;
  for (let times = 0; times < 150; times += 1) {
    assert.equal(prepared.text().length, 4_000_004);
    most = Math.max(most, process.memoryUsage().external);
    // Garbage is collected between tasks, too.
    await setImmediate();
  }
  assert.ok(most < 300_000_000, `${most} bytes of 600,000,000 were held at a time`);
});

test('a text ends with the thread that has it', { timeout: 60_000 }, async () => {
  const script = path.join(__dirname, 'support', 'text-in-thread.js');
  for (const end of ['return', 'terminate', 'return', 'terminate']) {
    const worker = new Worker(script, { workerData: { end, userDir: tempDir('text-in-thread') } });
    const ended = once(worker, 'exit');
    const [length] = await once(worker, 'message');
    assert.equal(length, 1_000_004);
    if (end === 'terminate') {
      void worker.terminate();
    }
    await ended;
  }
  const text = JSON.stringify(['x'.repeat(1_000_000)]);
  assert.ok((await core.prepareFlows(text)).text() === text);
});
