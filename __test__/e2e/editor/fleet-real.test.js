'use strict';

// The fleet tab of a real admin with real workers: what an operator does and sees, from the first look to a worker that is
// gone, a server that is away, and an admin that is started anew.

const assert = require('node:assert/strict');
const { after, before, describe, test } = require('node:test');

const { FleetTab, keepPicture, startAdminWithTab } = require('./support/fleet-tab.js');
const { noChromium, startBrowser } = require('../../support/browser.js');
const { startNodeRed } = require('../../support/node-red.js');
const { startServer } = require('../../support/server.js');
const { until } = require('../../support/wait.js');

const FLOWS = [
  { id: 'timers', type: 'tab', label: 'Timers' },
  { id: 'note', type: 'comment', z: 'timers', name: 'first', x: 100, y: 40, wires: [] },
  { id: 'asked', type: 'http in', z: 'timers', url: '/timers', method: 'get', x: 100, y: 80, wires: [['answer']] },
  { id: 'answer', type: 'http response', z: 'timers', statusCode: '204', x: 300, y: 80, wires: [] }
];
const ALL = /^2 of 2 workers run the last deploy$/;
/** ms: an instance is lost after 7 s. */
const LOST = 30_000;

describe('the fleet tab of a real fleet', { skip: noChromium() }, () => {
  let browser;
  let server;
  let admin;
  let workers;
  let editor;
  let tab;

  before(async () => {
    browser = await startBrowser();
    server = await startServer();
    admin = await startAdminWithTab({ server, flows: FLOWS });
    workers = await Promise.all(
      ['site-a', 'site-b'].map((label) => startNodeRed({ role: 'worker', server, valkey: { labels: [label] } }))
    );
    editor = await browser.openEditor(admin);
    tab = new FleetTab(editor);
  });

  after(async () => {
    await browser?.close();
    await Promise.all([admin, ...(workers ?? [])].map((instance) => instance?.stop()));
    await server?.stop();
  });

  test('all of them are there, with what they tell', async () => {
    await tab.open();
    await tab.untilText(tab.summary, ALL);
    assert.equal(await tab.rows.count(), 3);
    const worker = tab.page.locator('.red-ui-fleet-item', { hasText: 'site-a' });
    await worker.locator('button').click();
    const text = await worker.innerText();
    assert.match(text, /Versions\s+\d+\.\d+\.\d+, Node-RED \d/);
    assert.match(text, /in step/);
    await keepPicture(tab.page, 'real-fleet');
    await worker.locator('button').click();
    await tab.page.getByLabel('Label', { exact: true }).selectOption('site-b');
    await until(async () => (await tab.rows.count()) === 1, { message: () => 'the one with that label' });
    await tab.page.getByLabel('Label', { exact: true }).selectOption('');
  });

  test('a deploy is followed to the workers', async () => {
    await editor.edit('note', { name: 'second' });
    await editor.deploy();
    await editor.notice(/^2 of 2 workers run the deploy$/);
    await keepPicture(tab.page, 'real-deploy');
    await tab.untilText(tab.summary, ALL);
  });

  test('a placement that is set there is where the flow runs', async () => {
    await tab.page.getByLabel('Timers', { exact: true }).selectOption('label');
    await tab.page.locator('.red-ui-fleet-placement-labels').fill('site-b');
    await tab.page.keyboard.press('Enter');
    await editor.deploy();
    await tab.untilText(tab.page.locator('.red-ui-fleet-placement-where'), /^Runs on 1 instance$/);
    let answers;
    await until(
      async () => {
        answers = await Promise.all(workers.map((worker) => worker.http('/timers')));
        return answers.map(({ status }) => status).join() === '404,204';
      },
      { deadline: LOST, message: () => `flow on the second alone; they answer ${JSON.stringify(answers)}` }
    );
    await editor.deployed();
    const { flows } = await admin.getFlows();
    assert.deepEqual(flows.find(({ id }) => id === 'timers').env, [
      { name: 'CLUSTER_PLACEMENT', value: 'label:site-b', type: 'str' }
    ]);
    await tab.untilText(tab.summary, ALL);
  });

  test('a worker that is gone is missed, and named after a deploy', async () => {
    workers[1].kill();
    await tab.untilText(tab.summary, /^1 of 2 workers/, LOST);
    await until(async () => /lost/.test(await tab.rows.first().innerText()), { message: () => 'it on top' });
    await keepPicture(tab.page, 'real-lost');
    await editor.edit('note', { name: 'third' });
    await editor.deploy();
    await editor.notice(/^1 of 2 workers run it; 1 does not: .+ \(.*\)$/, { deadline: LOST });
    await editor.press(/1 does not/, 'Close');
    await workers[1].restart();
    await tab.untilText(tab.summary, ALL, LOST);
  });

  test('while Valkey is away the tab says how old it is what it shows', async () => {
    server.kill();
    await tab.untilText(tab.age, /^As of \d+ s ago\. ./, LOST);
    await tab.untilText(tab.summary, /of 2 workers/);
    assert.equal(await tab.rows.count(), 3);
    await keepPicture(tab.page, 'real-away');
    await server.restart();
    await tab.untilText(tab.summary, ALL, LOST);
    await tab.age.waitFor({ state: 'hidden', timeout: LOST });
  });

  test('an emptied server is filled again', async () => {
    await server.client().flushall();
    await tab.untilText(tab.summary, ALL, LOST);
    await until(async () => (await tab.rows.count()) === 3, { deadline: LOST, message: () => 'all rows' });
  });

  test('an admin that is started anew is back in the open tab', async () => {
    await admin.stop();
    await tab.untilText(tab.age, /Node-RED does not answer\.$/, LOST);
    await admin.restart();
    await tab.age.waitFor({ state: 'hidden', timeout: LOST });
    await tab.untilText(tab.summary, ALL, LOST);
  });
});
