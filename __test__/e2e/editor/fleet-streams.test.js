'use strict';

// What workers say, in a real browser: switched on in the fleet tab, seen in the debug sidebar.

const assert = require('node:assert/strict');
const { after, before, describe, test } = require('node:test');

const { FleetTab, keepPicture, startAdminWithTab } = require('./support/fleet-tab.js');
const { talkingFlow } = require('../streams/support/talking-flow.js');
const { noChromium, startBrowser } = require('../../support/browser.js');
const { startNodeRed } = require('../../support/node-red.js');
const { startServer } = require('../../support/server.js');
const { until } = require('../../support/wait.js');

describe('what workers say, in the editor', { skip: noChromium() }, () => {
  let browser;
  let server;
  let admin;
  let workers;
  let page;
  let tab;

  const ask = (path) => Promise.all(workers.map((worker) => worker.http(path)));
  /** The messages in the debug sidebar, `[worker] node` and text. */
  const messages = () =>
    page.evaluate(() =>
      [...globalThis.document.querySelectorAll('.red-ui-debug-msg')].map((message) => message.textContent)
    );

  before(async () => {
    browser = await startBrowser();
    server = await startServer();
    admin = await startAdminWithTab({ server, flows: talkingFlow() });
    workers = await Promise.all(
      ['A', 'B'].map((name) => startNodeRed({ role: 'worker', server, env: { INSTANCE: name } }))
    );
    await until(async () => (await ask('/debug/0')).every(({ status }) => status === 200));
    const editor = await browser.openEditor(admin);
    ({ page } = editor);
    tab = new FleetTab(editor);
  });

  after(async () => {
    await browser?.close();
    await Promise.all([admin, ...(workers ?? [])].map((instance) => instance?.stop()));
    await server?.stop();
  });

  test('debug output of two workers is in the debug sidebar at once, and a click leads to the node', async (t) => {
    await tab.open();
    await tab.untilText(tab.summary, /^2 of 2 workers run the last deploy$/, 30_000);
    const names = (await tab.names()).filter(Boolean);
    for (const name of names) {
      await tab.row(name).locator('.red-ui-fleet-name').click();
    }
    const switches = page.locator('.red-ui-fleet-details .red-ui-fleet-streams-kind', { hasText: 'debug' });
    assert.equal(await switches.count(), 2, 'one of each worker, none of the admin');
    await switches.nth(0).locator('input').check();
    await switches.nth(1).locator('input').check();
    await page.evaluate(() => globalThis.RED.sidebar.show('debug'));
    const seen = async (from = 0) => {
      const texts = (await messages()).slice(from);
      return ['A:0', 'B:0'].every((text) => texts.some((message) => message.includes(text)));
    };
    await until(async () => (await ask('/debug/1')) && seen(), { interval: 200, message: 'the first messages' });
    const from = (await messages()).length;
    const asked = performance.now();
    await ask('/debug/1');
    await until(() => seen(from), { interval: 20, message: 'both' });
    t.diagnostic(`both after ${(performance.now() - asked).toFixed(0)} ms`);
    const called = new Set((await messages()).map((text) => /\[(.+?)\] out/.exec(text)?.[1]));
    assert.equal(called.size, 2, [...called].join());
    assert.ok([...called].every((name) => names.includes(name)));
    await page.locator('.red-ui-debug-msg .red-ui-debug-msg-name').last().click();
    await until(() => page.evaluate(() => Boolean(globalThis.RED.nodes.node('sink').highlighted)));
    await keepPicture(page, 'debug-of-workers');
  });

  /** The switch of that kind in the one row that is shown. */
  const switchOf = (kind) =>
    page.locator('.red-ui-fleet-details .red-ui-fleet-streams-kind', { hasText: kind }).locator('input');

  test('warnings and errors of the worker that is chosen are there, with its name, and of no other', async () => {
    await tab.open();
    const { instances } = (await admin.admin('/node-red-storage-valkey/fleet')).json();
    const { name } = instances.find(({ role }) => role === 'worker');
    await page.getByRole('textbox', { name: 'filter instances' }).fill(name);
    await until(async () => (await tab.names()).join() === name, { message: () => 'its row alone' });
    const from = (await messages()).length;
    await switchOf('log').check();
    await until(
      async () => {
        await ask('/warn/hello');
        const texts = (await messages()).slice(from);
        return ['hello', 'E hello'].every((text) => texts.some((message) => message.includes(text)));
      },
      { interval: 200, message: 'the warning and the error' }
    );
    const called = new Set((await messages()).slice(from).map((text) => /\[(.+?)\] warn/.exec(text)?.[1]));
    assert.deepEqual([...called], [name]);
    await switchOf('log').uncheck();
  });

  test('statuses of the worker stand at the nodes, and go when they are switched off', async () => {
    const status = () => page.evaluate(() => globalThis.RED.nodes.node('status-do').status?.text ?? '');
    assert.equal(await status(), '', 'the admin has none');
    await switchOf('status').check();
    await until(async () => (await ask('/status/busy')) && /busy/.test(await status()), {
      interval: 200,
      message: 'the status of the worker'
    });
    await keepPicture(page, 'status-of-worker');
    await switchOf('status').uncheck();
    await until(async () => (await status()) === '', { message: 'the end of the status' });
  });
});
