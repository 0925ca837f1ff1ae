'use strict';

// What the admin says of tabs that run nowhere, and of workers that can't run them, by what workers report.

const assert = require('node:assert/strict');
const { after, before, test } = require('node:test');

const { noChromium, startBrowser } = require('../../support/browser.js');
const { stateLine } = require('../../support/acl.js');
const { freePort } = require('../../support/port.js');
const { until } = require('../../support/wait.js');
const { PREFIX, startInstance, startServerWithUsers, stopAll } = require('../support/admin-and-workers.js');
const { BESIDE, tab, untilRuns } = require('./support/cluster.js');
const { probe } = require('./support/owners.js');

const STATE = { username: 'state', password: 'secret-of-the-state' };
const WEAK = { username: 'weak', password: 'secret-of-the-weak' };
/** What is said was so for two looks, of which there is one in five seconds; and reports come every few seconds. */
const DEADLINE = 30_000;

let server;
let admin;
let browser;
let editor;

before(async () => {
  server = await startServerWithUsers({ users: [stateLine(PREFIX, STATE.password)] });
  admin = await startInstance('admin', server, {
    flows: BESIDE,
    valkey: { state: STATE, health: { port: await freePort(), host: '127.0.0.1' } },
    settings: { editorTheme: { tours: false } }
  });
  if (!noChromium()) {
    browser = await startBrowser();
    editor = await browser.openEditor(admin);
  }
});

after(async () => {
  await browser?.close();
  await stopAll();
});

const startWorker = (valkey) => startInstance('worker', server, { valkey: { state: STATE, ...valkey } });

const noted = async (pattern) => (await probe(admin)).notes.some((note) => pattern.test(note));

/** In the log once, in the probe and in the editor. */
async function untilTold(pattern, mark) {
  await until(() => noted(pattern), { deadline: DEADLINE, message: () => `${pattern}: ${admin.tail()}` });
  assert.equal((await probe(admin)).ready, true);
  await admin.waitForLog(pattern, { from: mark });
  await editor?.notice(/^Where tabs run: /, { deadline: DEADLINE });
  if (editor) {
    assert.match(await editor.notice(/^Where tabs run: /), pattern);
  }
}

async function untilOver(pattern) {
  await until(async () => !(await noted(pattern)), {
    deadline: DEADLINE,
    message: () => `${pattern}: ${admin.tail()}`
  });
  await editor?.noNotice(pattern, { deadline: DEADLINE });
}

test('a label that no worker has is told, until one has it', async () => {
  await startWorker({ labels: 'a' });
  const mark = admin.mark();
  await admin.deploy([...BESIDE, ...tab('Sensors', 'label:b,c'), ...tab('Here', 'label:a')], { type: 'nodes' });
  const told = /tab 'Sensors' runs nowhere: no worker has the label 'b' or 'c'/;
  await untilTold(told, mark);
  assert.equal(await noted(/tab 'Here'/), false);
  const worker = await startWorker({ labels: 'c' });
  await untilRuns(worker, ['Sensors']);
  await untilOver(told);
});

test('a worker that can run none once is told, and what it lacks, until it has it', async () => {
  const client = server.client();
  const all = stateLine(PREFIX, WEAK.password, { name: WEAK.username }).split(' ').slice(2);
  await client.acl('SETUSER', WEAK.username, 'reset', ...all.filter((rule) => !rule.includes('once')));
  await startWorker({ state: WEAK });
  const mark = admin.mark();
  await admin.deploy([...BESIDE, ...tab('Timers', 'once')], { type: 'nodes' });
  const told = /worker '[^']+' can't run tabs once: .*once:\*/;
  await untilTold(told, mark);
  await client.acl('SETUSER', WEAK.username, 'reset', ...all);
  await untilOver(told);
});
